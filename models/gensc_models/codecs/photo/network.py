"""DeepJSCC for photos: a learned residual around the linear code, one model for all SNRs and rates.

::

    image ─ KLT ─ gains ─(+)─ mask to 2C ─ unit power ─ spread
      └── encoder network ┘                               │
                                                       channel
                                                          │
    image ─(+)──────── inverse KLT ──────── LLSE ─ despread
            └─── decoder network ────────────┘

Both networks end in a zero-initialised layer, so before any training the model *is* SoftCast
(:mod:`gensc_models.codecs.softcast.linear`, :mod:`gensc_models.codecs.spreading`). What the
receiver knows of its channel enters twice: in the LLSE formula and as an input of the network.
After Bourtsoulatze, Burth Kurka and Gunduz, "Deep joint source-channel coding for wireless image
transmission" (IEEE TCCN 2019), with the SNR adaptation of ADJSCC (Xu et al. 2021) done by
feature-wise modulation.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.deepjscc.base import ConvolutionalBase
from gensc_models.codecs.layers import Conditioner, FilmStack, Upsample, zero_initialised
from gensc_models.codecs.softcast.linear import COEFFICIENTS, LinearCode, real_channels
from gensc_models.codecs.spreading import POWER_FLOOR, despread, spread

# Only sets how fast the zero-initialised output layer moves in its first steps.
CORRECTION_GAIN = 4.0
# What the networks saw in training. A better channel than this, or one better than the encoder
# was told by more than the margin, is treated as no better: a network outside its range does harm.
HIGHEST_SNR_DB = 21.0
SURPRISE_DB = 4.0
# Effective SNRs between which the correction fades out: with (almost) nothing received it is noise.
LOWEST_SNR_DB = (-22.0, -12.0)


@dataclass(frozen=True)
class JsccConfig:
    """Widths and depths of the two networks; ``residual=False`` is plain SoftCast.

    ``*_8`` works at an eighth of the resolution, ``*_16`` at a sixteenth, ``*_4`` at a quarter.
    """

    residual: bool = True
    encoder_width_8: int = 96
    encoder_depth_8: int = 2
    encoder_width_16: int = 192
    encoder_depth_16: int = 2
    decoder_width_16: int = 192
    decoder_depth_16: int = 3
    decoder_width_8: int = 128
    decoder_depth_8: int = 3
    decoder_width_4: int = 48
    decoder_depth_4: int = 2
    condition: int = 64


def snr_feature(snr_db: Tensor) -> Tensor:
    """SNR in dB to about [-1, 1] over the working range."""
    return snr_db / 10.0 - 1.0


def rate_feature(rate: Tensor) -> Tensor:
    """Complex symbols per block to [-1, 1] over 16 ... 128 (CBR 1/48 ... 1/6)."""
    return (torch.log2(rate.float()) - 5.5) / 1.5


def effective_snr_db(precision: Tensor, mask: Tensor) -> Tensor:
    """SNR of the AWGN channel with the same mean capacity as the one met, ``B`` in dB.

    ``precision`` and ``mask`` are ``B x 256 x h x w`` and ``B x 256 x 1 x 1``. Unlike the mean
    SNR or the mean noise variance it stays finite for erasures and for noiseless symbols.
    """
    used = mask.expand_as(precision)
    capacity = (torch.log1p(precision) * used).sum(dim=(1, 2, 3)) / used.sum(dim=(1, 2, 3))
    return 10.0 * torch.log10(torch.expm1(capacity).clamp(1e-6, 1e7))


class EncoderNetwork(nn.Module):
    """Adds to the linear symbols what the image itself suggests; starts as zero."""

    def __init__(self, config: JsccConfig) -> None:
        super().__init__()
        c = config
        self.conditioner = Conditioner(2, c.condition)
        self.pixels = nn.Conv2d(192, c.encoder_width_8, 1)
        self.stack_8 = FilmStack(c.encoder_width_8, c.encoder_depth_8, c.condition)
        self.down = nn.Conv2d(4 * c.encoder_width_8, c.encoder_width_16, 1)
        self.coefficients = nn.Conv2d(COEFFICIENTS, c.encoder_width_16, 1)
        self.stack_16 = FilmStack(c.encoder_width_16, c.encoder_depth_16, c.condition)
        self.out = zero_initialised(nn.Conv2d(c.encoder_width_16, COEFFICIENTS, 1))

    def forward(self, image: Tensor, whitened: Tensor, snr_db: Tensor, rate: Tensor) -> Tensor:
        """Additions to the real channels, ``B x 256 x H/16 x W/16``.

        SNR and rate are one per image, ``B``, or one per block, ``B x H/16 x W/16``.
        """
        condition = self.conditioner(torch.stack([snr_feature(snr_db), rate_feature(rate)], -1))
        x = self.stack_8(self.pixels(F.pixel_unshuffle(2.0 * image - 1.0, 8)), condition)
        x = self.down(F.pixel_unshuffle(x, 2)) + self.coefficients(whitened)
        return self.out(self.stack_16(x, condition))


class DecoderNetwork(nn.Module):
    """Corrects the linear estimate of the image; starts as zero."""

    def __init__(self, config: JsccConfig) -> None:
        super().__init__()
        c = config
        self.conditioner = Conditioner(4, c.condition)
        self.coefficients = nn.Conv2d(3 * COEFFICIENTS, c.decoder_width_16, 1)
        self.stack_16 = FilmStack(c.decoder_width_16, c.decoder_depth_16, c.condition)
        self.up_8 = Upsample(c.decoder_width_16, c.decoder_width_8)
        self.pixels_8 = nn.Conv2d(192, c.decoder_width_8, 1)
        self.stack_8 = FilmStack(c.decoder_width_8, c.decoder_depth_8, c.condition)
        self.up_4 = Upsample(c.decoder_width_8, c.decoder_width_4)
        self.pixels_4 = nn.Conv2d(48, c.decoder_width_4, 3, padding=1)
        self.stack_4 = FilmStack(c.decoder_width_4, c.decoder_depth_4, c.condition)
        self.out = zero_initialised(nn.Conv2d(c.decoder_width_4, 48, 3, padding=1))

    def forward(self, features: Tensor, linear_image: Tensor, scalars: Tensor) -> Tensor:
        """Correction of the image, ``B x 3 x H x W``, in units of the expected error.

        The scalars are one set per image, ``B x 4``, or one per block, ``B x H/16 x W/16 x 4``.
        """
        return self.correction(self.hidden(features, linear_image, self.conditioner(scalars)))

    def hidden(self, features: Tensor, linear_image: Tensor, condition: Tensor) -> Tensor:
        """The features that the correction is made of, ``B x width_4 x H/4 x W/4``."""
        picture = 2.0 * linear_image - 1.0
        x = self.stack_16(self.coefficients(features), condition)
        x = self.up_8(x) + self.pixels_8(F.pixel_unshuffle(picture, 8))
        x = self.stack_8(x, condition)
        x = self.up_4(x) + self.pixels_4(F.pixel_unshuffle(picture, 4))
        return self.stack_4(x, condition)

    def correction(self, hidden: Tensor) -> Tensor:
        """The last layer: ``B x 3 x H x W``."""
        return F.pixel_shuffle(self.out(hidden), 4)


class ResidualJscc(nn.Module):
    """The trunk with any two networks around it; height and width are multiples of 16.

    Without networks it is SoftCast. Real channels are ``B x 256 x H/16 x W/16``; only the first
    ``2 rate`` of them are sent.
    """

    def __init__(
        self,
        encoder: nn.Module | None,
        decoder: nn.Module | None,
        linear: LinearCode | None = None,
    ) -> None:
        super().__init__()
        self.linear = linear or LinearCode()
        self.encoder = encoder
        self.decoder = decoder
        self.base: ConvolutionalBase | None = None

    def encode(self, image: Tensor, snr_db: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        """Image ``B x 3 x H x W`` in [0, 1] to unit-power channels and the scale ``s`` (``B``).

        ``snr_db`` (``B``) is the SNR the encoder designs for, ``rate`` (``B``) its symbols per
        block. Power is one per image, not per batch.
        """
        mask = real_channels(rate)
        with torch.autocast(image.device.type, enabled=False):
            z, whitened = self._base_channels(image, snr_db, rate)
        if self.encoder is not None:
            z = z + self.encoder(image, whitened, snr_db, rate).float()
        z = z * mask
        used = 2.0 * rate * z.shape[2] * z.shape[3]
        scale = (z.square().sum(dim=(1, 2, 3)) / used).sqrt().clamp_min(1e-6)
        return spread(z / scale[:, None, None, None], rate), scale

    def decode(
        self, received: Tensor, precision: Tensor, scale: Tensor, snr_db: Tensor, rate: Tensor
    ) -> Tensor:
        """Received channels and their precision (1 / noise variance, 0 = erased) to an image.

        ``snr_db`` is the *encoder's* design SNR: it fixes the gains. The result is not clipped.
        """
        mask = real_channels(rate)
        precision = precision * mask
        linear = self.linear
        met_db = effective_snr_db(precision, mask)
        if self.decoder is not None:
            limit_db = (snr_db + SURPRISE_DB).clamp_max(HIGHEST_SNR_DB)
            excess_db = (met_db - limit_db).clamp_min(0.0)
            precision = precision * torch.pow(10.0, -excess_db / 10.0)[:, None, None, None]
            met_db = met_db - excess_db
        with torch.autocast(received.device.type, enabled=False):
            power = self._sent_power(snr_db, rate)
            received, precision = despread(received, precision, power, rate)
            image, features = self._base_image(received, precision, scale, snr_db, rate)
        if self.decoder is None:
            return image
        lowest, sure = LOWEST_SNR_DB
        confidence = ((met_db - lowest) / (sure - lowest)).clamp(0.0, 1.0)
        met_db = met_db.clamp_min(-10.0)
        scalars = torch.stack(
            [snr_feature(snr_db), rate_feature(rate), snr_feature(met_db), torch.log(scale)], dim=1
        )
        correction = self._correction(features, image, scalars, snr_db, rate).float()
        # In units of the error that the linear code is expected to leave, so that the network's
        # task has the same size at every operating point.
        unit = linear.expected_mse(met_db, snr_db, rate).sqrt()
        strength = CORRECTION_GAIN * confidence * unit
        return image + strength[:, None, None, None] * correction

    def _base_channels(self, image: Tensor, snr_db: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        """Channels before the encoder network adds to them, and the whitened coefficients."""
        y = self.linear.analyse(image)
        size = y.shape[-2:]
        whitened = y / self.linear.prior(size).sqrt()
        return self.linear.gains(snr_db, rate, size) * y, whitened

    def _sent_power(self, snr_db: Tensor, rate: Tensor) -> Tensor:
        """Mean power of each channel as sent, ``B x 256``."""
        return self.linear.sent_power(snr_db, rate, POWER_FLOOR)

    def _base_image(
        self, received: Tensor, precision: Tensor, scale: Tensor, snr_db: Tensor, rate: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Image before the decoder network corrects it, and the features it gets.

        Those are three values per channel, ``B x 768 x h x w``: whitened estimate, LLSE of the
        channel itself, reliability.
        """
        linear, size = self.linear, received.shape[-2:]
        gains = linear.gains(snr_db, rate, size)
        estimate, reliability = linear.estimate(received, precision, scale, gains)
        whitened = estimate / linear.prior(size).sqrt()
        heard = received * precision / (1.0 + precision)
        return linear.synthesise(estimate), torch.cat([whitened, heard, reliability], dim=1)

    def _correction(
        self, features: Tensor, image: Tensor, scalars: Tensor, snr_db: Tensor, rate: Tensor
    ) -> Tensor:
        assert self.decoder is not None
        return self.decoder(features, image, scalars)


class PhotoJscc(ResidualJscc):
    """The codec with the convolutional networks of this module."""

    def __init__(self, config: JsccConfig) -> None:
        networks = (EncoderNetwork(config), DecoderNetwork(config)) if config.residual else ()
        super().__init__(*(networks or (None, None)))
