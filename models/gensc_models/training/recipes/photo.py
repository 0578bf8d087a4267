"""The codec for photos: convolutional networks around the linear code of the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from gensc_models.codecs.codec import RECOMMENDED_RATES
from gensc_models.codecs.jscc import CodecConfig, JsccCodec
from gensc_models.codecs.networks import NetworkConfig, network_of
from gensc_models.codecs.photo.network import JsccConfig, ResidualJscc
from gensc_models.codecs.swin.network import SwinConfig
from gensc_models.data.cifar import is_cifar, load_cifar
from gensc_models.data.photos import Photo, centre_crop, load_split
from gensc_models.training.channel import ChannelSampler, OperatingRange
from gensc_models.training.initial_weights import go_on_from, start_base
from gensc_models.training.optimisers import Group
from gensc_models.training.options import Options, RunSettings, option
from gensc_models.training.recipe import Figures, Recipe
from gensc_models.training.residual import (
    code_statistics,
    crop_batches,
    forward_pass,
    inner_matrices,
    psnr_at,
)

VALIDATION_SIDE = 256


@dataclass(frozen=True, kw_only=True)
class CodecOptions(Options):
    """What the run of a codec around the linear code can be told."""

    points: OperatingRange = option(OperatingRange(), "SNRs, rates and channels drawn from")
    start: str = option("", "weights of the same kind to go on from")
    later_fraction: float = option(0.6, "with start: of the learning rates")
    linear_fraction: float = option(0.04, "learning rate of the linear code, of the networks'")
    base: str = option("", "weights of DeepJSCC that a convolutional base code starts from")
    base_fraction: float = option(0.3, "learning rate of that code")
    crop_shapes: tuple[tuple[int, int, float], ...] = option(
        ((128, 8, 0.9), (64, 32, 0.06), (32, 128, 0.04)), "side, crops in a batch, probability"
    )
    statistics_crops: int = option(3000, "that the linear code is fitted to")
    validation_photos: int = option(20, "held out, every n-th file")
    validation_points: tuple[tuple[int, float], ...] = option(
        ((16, 0.0), (32, 0.0), (32, 10.0), (64, 5.0), (64, 15.0), (128, 10.0)),
        "symbols per block and SNR",
    )
    batch: int = 8
    learning_rate: float = 6e-4
    muon_rate: float = 0.0
    warmup_steps: int = 200
    floor: float = 0.01
    clip: float = 1.0
    ema: float = 0.999


C = TypeVar("C", bound=CodecOptions)


class ResidualRecipe(Recipe[ResidualJscc, Tensor, C]):
    """Decibels of distortion over random operating points and channels."""

    network: NetworkConfig

    def __init__(self, settings: RunSettings, options: C) -> None:
        super().__init__(settings, options)
        self.photos, self.held_out = self._load()

    def _load(self) -> tuple[list[Photo], list[Photo]]:
        data, options = self.settings.data, self.options
        small = [path for path in data if is_cifar(path)]
        if small:
            if len(data) > 1 or self.settings.exclude_prefix:
                raise ValueError(f"{small[0]}: CIFAR-10 is trained on alone and whole")
            images = list(load_cifar(small[0], "train").images)
            return images[options.validation_photos :], images[: options.validation_photos]
        photos, whole = load_split(
            data, self.settings.exclude_prefix, options.validation_photos, self.largest_crop
        )
        return photos, [centre_crop(photo, VALIDATION_SIDE) for photo in whole]

    @property
    def largest_crop(self) -> int:
        """Side that a photo must have at least to be used."""
        return max(size for size, _, _ in self.options.crop_shapes)

    def model(self) -> ResidualJscc:
        network = network_of(self.network)
        assert isinstance(network, ResidualJscc)
        return network

    def described(self) -> dict[str, Any]:
        return asdict(self.network)

    def begin(self, network: ResidualJscc) -> None:
        wide = isinstance(self.network, SwinConfig) and self.network.wide
        crops, seed = self.options.statistics_crops, self.settings.seed
        found = code_statistics(self.photos, self.largest_crop, crops, seed, wide)
        network.linear.load_statistics(**found)
        grown = bool(self.options.start) and go_on_from(network, self.options.start)
        # A base code that has grown together with its networks is not set back.
        if self.options.base and not grown:
            start_base(network, self.options.base)

    def groups(self, learner: nn.Module) -> list[Group]:
        assert isinstance(learner, ResidualJscc)
        o = self.options
        share = o.later_fraction if o.start else 1.0
        linear = list(learner.linear.parameters())
        base = list(learner.base.parameters()) if learner.base is not None else []
        # The encoder's changes are small: orthogonalised steps would be mostly noise.
        matrices = inner_matrices(learner.decoder) if o.muon_rate and learner.decoder else []
        ids = {id(p) for p in (*linear, *base, *matrices)}
        rest = [p for p in learner.parameters() if id(p) not in ids]
        rate = o.learning_rate * share
        return [
            Group(rest, rate),
            Group(linear, rate * o.linear_fraction),
            Group(base, rate * o.base_fraction),
            Group(matrices, o.muon_rate * share, muon=True),
        ]

    def sampler(self, seed: int) -> Callable[[], Tensor]:
        self.channel = ChannelSampler(self.options.points, torch.Generator().manual_seed(seed))
        return crop_batches(self.photos, self.options.crop_shapes, seed)

    def loss(self, network: ResidualJscc, batch: Tensor, progress: float) -> dict[str, Tensor]:
        return {"log of the error": forward_pass(network, self.channel, batch, progress)}

    def validate(self, network: ResidualJscc) -> Figures:
        found = psnr_at(network, self.held_out, self.options.validation_points)
        return {"PSNR (dB)": found}

    @property
    def rates(self) -> tuple[int, ...]:
        """Recommended rates of the weights."""
        return RECOMMENDED_RATES

    def product(self, network: ResidualJscc, name: str) -> JsccCodec:
        codec = JsccCodec(CodecConfig(name, rates=self.rates, network=self.network))
        codec.network.load_state_dict(network.state_dict())
        return codec


@dataclass(frozen=True, kw_only=True)
class PhotoOptions(CodecOptions):
    """What a run of the photo codec can be told."""

    network: JsccConfig = option(JsccConfig(), "widths and depths")


class PhotoRecipe(ResidualRecipe[PhotoOptions]):
    """The convolutional networks."""

    name = "photo"
    summary = "convolutional codec for photos at any rate and SNR, from folders of photos"
    usage = "gensc demo --model {}"
    OPTIONS = PhotoOptions

    def __init__(self, settings: RunSettings, options: PhotoOptions) -> None:
        self.network = options.network
        super().__init__(settings, options)
