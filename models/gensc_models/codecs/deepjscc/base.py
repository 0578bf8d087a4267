"""DeepJSCC as the code that a larger one grows around.

Below about 11 dB the trained convolutional code (:mod:`gensc_models.codecs.deepjscc.network`) beats
the linear one, which in turn is better above and over most fades. A codec that starts from the
better of the two only has to add to it. As there, a design SNR selects the network trained nearest
to it; new is that the receiver uses what it knows of the noise: a decoder trained for one SNR
expects the power that goes with it, so the received values are scaled as their conditional mean
would be.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from gensc_models.codecs.deepjscc.network import GRID, DeepJscc, DeepJsccConfig
from gensc_models.codecs.layout import MAX_RATE


class ConvolutionalBase(DeepJscc):
    """Networks of DeepJSCC whose decoders know the noise of every value; the rate is 128."""

    def __init__(self, snrs_db: tuple[float, ...]) -> None:
        super().__init__(DeepJsccConfig(snrs_db))

    def symbols(self, image: Tensor, snr_db: Tensor) -> Tensor:
        """Image ``B x 3 x H x W`` to channels ``B x 256 x H/16 x W/16`` of unit mean power."""
        return self.encode(image, snr_db, torch.full_like(snr_db, MAX_RATE))[0]

    def estimate(self, received: Tensor, precision: Tensor, snr_db: Tensor) -> tuple[Tensor, ...]:
        """What the decoder of each image makes of its channels.

        Parameters
        ----------
        received, precision : ``B x 256 x h x w``; precision 0 is an erasure.
        snr_db : ``B``, design SNR of the encoder.

        Returns
        -------
        The image ``B x 3 x 16h x 16w``, the values the decoder took, and their reliability in
        [0, 1], both ``B x 256 x h x w``. At the SNR of its training, and above, a decoder takes
        what was received.
        """
        trained_db = torch.tensor(self.config.snrs_db, device=snr_db.device)[self.nearest(snr_db)]
        expected = torch.pow(10.0, trained_db / 10.0)[:, None, None, None]
        reliability = precision / (1.0 + precision)
        taken = received * (reliability * (1.0 + expected) / expected).clamp_max(1.0)
        rate = torch.full_like(snr_db, MAX_RATE)
        image = self.decode(taken, precision, torch.ones_like(snr_db), snr_db, rate)
        return image, taken, reliability


def by_position(channels: Tensor) -> Tensor:
    """``B x 256n x h x w`` to the numbers of each 4x4 pixels, ``B x 4h x 4w x 16n``."""
    return F.pixel_shuffle(channels, GRID).permute(0, 2, 3, 1)
