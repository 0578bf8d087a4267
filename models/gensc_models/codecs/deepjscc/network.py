"""DeepJSCC as published: a convolutional autoencoder with the channel in its middle.

::

    image ─ 5x5 conv 16 (s2) ─ 32 (s2) ─ 32 ─ 32 ─ 16 ─ unit power ─ channel ─┐
    image ─ sigmoid ─ 3 (s2) ─ 16 (s2) ─ 32 ─ 32 ─ 32 (5x5 transposed conv) ──┘

After Bourtsoulatze, Burth Kurka and Gunduz, "Deep joint source-channel coding for wireless image
transmission" (IEEE TCCN 2019), at the bandwidth ratio 1/6: 16 real numbers for every 4x4 pixels.
It is the baseline of the GSC paper, so nothing is added to it: one network is trained for each
SNR, the decoder sees the equalised symbols alone, and the SNR only says which network to take.
Fully convolutional, so it codes images of any size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.layers import bias_of
from gensc_models.codecs.layout import MAX_RATE

# The published layers: kernel, widths, and channels of the latent, at a quarter of the resolution.
KERNEL = 5
WIDTHS = (16, 32, 32, 32)
LATENT = 16
# Latent positions along a block of 16 pixels.
GRID = 4
# Nothing to send (a latent of zeros) stays zero instead of becoming NaN.
POWER_FLOOR = 1e-12
# Of the PReLUs before training.
SLOPE = 0.25


@dataclass(frozen=True)
class DeepJsccConfig:
    """SNRs in dB that networks were trained for, ascending.

    Raises
    ------
    ValueError
        None, or not ascending.
    """

    snrs_db: tuple[float, ...] = (1.0, 4.0, 7.0, 10.0, 13.0)

    def __post_init__(self) -> None:
        # A list comes out of config.json.
        object.__setattr__(self, "snrs_db", tuple(float(snr) for snr in self.snrs_db))
        if not self.snrs_db or list(self.snrs_db) != sorted(set(self.snrs_db)):
            raise ValueError(f"snrs_db must be ascending, not {list(self.snrs_db)}")


def _initialised(conv: nn.Conv2d | nn.ConvTranspose2d) -> nn.Module:
    """Weights that keep the variance through a PReLU (He et al., 2015)."""
    upsampling = conv.stride[0] if isinstance(conv, nn.ConvTranspose2d) else 1
    fan_in = conv.in_channels * (KERNEL / upsampling) ** 2
    nn.init.normal_(conv.weight, std=(2.0 / ((1.0 + SLOPE**2) * fan_in)) ** 0.5)
    nn.init.zeros_(bias_of(conv))
    return conv


def _down(inputs: int, outputs: int, stride: int) -> list[nn.Module]:
    conv = nn.Conv2d(inputs, outputs, KERNEL, stride, KERNEL // 2)
    return [_initialised(conv), nn.PReLU(outputs, SLOPE)]


def _up(inputs: int, outputs: int, stride: int, activation: nn.Module) -> list[nn.Module]:
    conv = nn.ConvTranspose2d(inputs, outputs, KERNEL, stride, KERNEL // 2, stride - 1)
    return [_initialised(conv), activation]


class Autoencoder(nn.Module):
    """Encoder and decoder for one SNR, 0.16 million parameters."""

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d = WIDTHS
        self.encoder = nn.Sequential(
            *_down(3, a, 2), *_down(a, b, 2), *_down(b, c, 1), *_down(c, d, 1), *_down(d, LATENT, 1)
        )
        self.decoder = nn.Sequential(
            *_up(LATENT, d, 1, nn.PReLU(d, SLOPE)),
            *_up(d, c, 1, nn.PReLU(c, SLOPE)),
            *_up(c, b, 1, nn.PReLU(b, SLOPE)),
            *_up(b, a, 2, nn.PReLU(a, SLOPE)),
            *_up(a, 3, 2, nn.Sigmoid()),
        )

    def encode(self, image: Tensor) -> Tensor:
        """``B x 3 x H x W`` in [0, 1] to ``B x 16 x H/4 x W/4`` of unit power per image."""
        latent = self.encoder(image)
        power = latent.square().mean(dim=(1, 2, 3), keepdim=True)
        return latent / (power + POWER_FLOOR).sqrt()

    def decode(self, received: Tensor) -> Tensor:
        """``B x 16 x H/4 x W/4`` to ``B x 3 x H x W`` in [0, 1]."""
        return self.decoder(received)

    def forward(self, image: Tensor, snr_db: float) -> Tensor:
        """The image after AWGN of that Es/N0 (both parts of a symbol have half of N0)."""
        sent = self.encode(image)
        return self.decode(sent + 10.0 ** (-snr_db / 20.0) * torch.randn_like(sent))


def _check_rates(rate: Tensor) -> None:
    wrong = rate[rate != MAX_RATE]
    if len(wrong):
        raise ValueError(
            f"DeepJSCC has the rate {MAX_RATE} (CBR 1/6) and no other, not {int(wrong[0])}"
        )


class DeepJscc(nn.Module):
    """The networks of all SNRs as one codec; height and width are multiples of 16.

    Real channels are ``B x 256 x H/16 x W/16``, the latent of a block in one column. The design
    SNR of the encoder, which the decoder is told, selects the network trained nearest to it.
    """

    def __init__(self, config: DeepJsccConfig) -> None:
        super().__init__()
        self.config = config
        self.networks = nn.ModuleList(Autoencoder() for _ in config.snrs_db)

    def network(self, index: int) -> Autoencoder:
        """The network of one SNR."""
        return cast(Autoencoder, self.networks[index])

    def nearest(self, snr_db: Tensor) -> Tensor:
        """Index of the network for each SNR, ``B``."""
        trained = torch.tensor(self.config.snrs_db, device=snr_db.device)
        return (snr_db[:, None] - trained).abs().argmin(dim=1)

    def encode(self, image: Tensor, snr_db: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        """Image ``B x 3 x H x W`` in [0, 1] to unit-power channels and the scale (``B``, all 1).

        The decoder needs no scale: what is sent is what the network learned to read.

        Raises
        ------
        ValueError
            A rate other than 128.
        """
        _check_rates(rate)
        choice = self.nearest(snr_db).tolist()
        latent = self._each(choice, image, lambda network, part: network.encode(part))
        return F.pixel_unshuffle(latent, GRID), torch.ones(len(image), device=image.device)

    def decode(
        self, received: Tensor, precision: Tensor, scale: Tensor, snr_db: Tensor, rate: Tensor
    ) -> Tensor:
        """Received channels to an image; of ``precision`` only the erasures (0) are used.

        An erased number enters as zero, the mean of what is sent.

        Raises
        ------
        ValueError
            A rate other than 128.
        """
        _check_rates(rate)
        known = torch.where(precision > 0, received, 0.0)
        latent = F.pixel_shuffle(known, GRID)
        choice = self.nearest(snr_db).tolist()
        return self._each(choice, latent, lambda network, part: network.decode(part))

    def _each(
        self, choice: Sequence[int], batch: Tensor, run: Callable[[Autoencoder, Tensor], Tensor]
    ) -> Tensor:
        """Runs every network on its own part of the batch."""
        if len(set(choice)) == 1:
            return run(self.network(choice[0]), batch)
        which = torch.tensor(choice, device=batch.device)
        parts, places = [], []
        for index in sorted(set(choice)):
            place = (which == index).nonzero()[:, 0]
            parts.append(run(self.network(index), batch[place]))
            places.append(place)
        return torch.cat(parts)[torch.cat(places).argsort()]
