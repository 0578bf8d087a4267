"""Swin JSCC, the codec of GSC: for CIFAR-10 as in the paper, or for photos of any size.

On CIFAR-10 (32x32, CBR 1/6, AWGN and block Rayleigh fading, one model for 0 to 15 dB) it grows
around the weights ``deepjscc-cifar``; on photos it covers CBR 1/48 to 1/6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gensc_models.codecs.codec import RECOMMENDED_RATES
from gensc_models.codecs.layout import MAX_RATE
from gensc_models.codecs.swin.network import CIFAR, PHOTO, SwinConfig
from gensc_models.data.cifar import is_cifar
from gensc_models.training.channel import OperatingRange
from gensc_models.training.options import Options, RunSettings, option
from gensc_models.training.recipes.photo import CodecOptions, ResidualRecipe

CIFAR_SNRS_DB = (0.0, 4.0, 7.0, 10.0, 13.0, 15.0)


@dataclass(frozen=True, kw_only=True)
class SwinOptions(CodecOptions):
    """What a run on photos can be told."""

    network: SwinConfig = option(PHOTO, "widths, depths and heads")
    crop_shapes: tuple[tuple[int, int, float], ...] = ((128, 6, 0.92), (64, 24, 0.08))
    batch: int = 6
    learning_rate: float = 1e-3
    muon_rate: float = 6e-3


@dataclass(frozen=True, kw_only=True)
class SwinCifarOptions(SwinOptions):
    """What a run on CIFAR-10 can be told."""

    network: SwinConfig = option(CIFAR, "widths, depths and heads")
    points: OperatingRange = OperatingRange(
        0.0, 16.0, (MAX_RATE,), block=0.25, fast=0.0, selective=0.05, lossy=0.05
    )
    base: str = "deepjscc-cifar"
    crop_shapes: tuple[tuple[int, int, float], ...] = ((32, 32, 1.0),)
    validation_photos: int = 500
    validation_points: tuple[tuple[int, float], ...] = tuple(
        (MAX_RATE, snr_db) for snr_db in CIFAR_SNRS_DB
    )
    batch: int = 32
    ema: float = 0.997


class SwinRecipe(ResidualRecipe[SwinOptions]):
    """The shifted-window transformers."""

    name = "swin"
    summary = "Swin JSCC, from CIFAR-10 (.bin files or .npz pack) or folders of photos"
    usage = "gensc demo --model {}"
    OPTIONS = SwinOptions

    def __init__(self, settings: RunSettings, options: SwinOptions) -> None:
        self.network = options.network
        if isinstance(options, SwinCifarOptions):
            self.usage = f"gensc demo --model {{}} --rate {MAX_RATE}"
        super().__init__(settings, options)

    @classmethod
    def options_for(cls, data: Sequence[Path]) -> type[Options]:
        return SwinCifarOptions if any(map(is_cifar, data)) else SwinOptions

    @property
    def rates(self) -> tuple[int, ...]:
        small = isinstance(self.options, SwinCifarOptions)
        return (MAX_RATE,) if small else RECOMMENDED_RATES
