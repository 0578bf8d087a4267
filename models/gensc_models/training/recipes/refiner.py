"""The refiner of GSC behind a frozen codec, in the two steps of the paper's Algorithm 1.

First N1 sees the decoded image *and* the original and N2 learns to use its Z; then Z must come out
of the diffusion, conditioned on a second N1 that sees the decoded image only, and N2 is trained on
jointly. The codec makes the pairs as training goes (:mod:`gensc_models.restore.refiner.pairs`). At
the end the strength of the correction is solved for at several SNRs
(:mod:`gensc_models.restore.refiner.calibration`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gensc_models.codecs.jscc import JsccCodec, load_jscc
from gensc_models.data.cifar import is_cifar, load_cifar
from gensc_models.data.photos import CropSampler, Photo, centre_crop, load_split, to_tensor
from gensc_models.restore.refiner import Refiner
from gensc_models.restore.refiner.calibration import fit_applied, fit_calibration
from gensc_models.restore.refiner.config import CIFAR, PHOTO, RefinerConfig
from gensc_models.restore.refiner.losses import restoration_loss
from gensc_models.restore.refiner.network import PretrainingNetwork, RefinerNetwork
from gensc_models.restore.refiner.pairs import (
    ImageSampler,
    ImageSetSampler,
    LinkRange,
    PairMaker,
    PairPool,
    Pairs,
    calibration_pairs,
    validation_pairs,
)
from gensc_models.training.optimisers import Group, kernels_and_others
from gensc_models.training.options import Options, RunSettings, option
from gensc_models.training.recipe import Figures, Recipe

VALIDATION_SNRS_DB = (0.0, 5.0, 10.0, 15.0)
VALIDATION_SIDE = 192
CIFAR_HELD_OUT = 500
# A depthwise or image kernel is no matrix between channels: it is Adam's, as vectors are.
IMAGE_KERNELS = (".local.", ".filter.")


@dataclass(frozen=True, kw_only=True)
class RefinerOptions(Options):
    """What a run behind a codec for photos can be told."""

    codec: tuple[str, ...] = option(
        ("swin-photo",), "frozen codecs that take turns: names, folders"
    )
    network: RefinerConfig = option(PHOTO, "sizes of N1, N2 and the diffusion")
    links: LinkRange = option(LinkRange(()), "that pairs come from; no rates: the codecs' own")
    first_fraction: float = option(0.1, "share of the time of the first step")
    picture: int = option(192, "pixels a side that are coded at once")
    tile: int = option(96, "pixels a side that the networks see")
    pool_pixels: int = option(40_000_000, "of pairs that are held")
    start_pixels: int = option(2_000_000, "of pairs before training")
    filter_pixels: int = option(32_000_000, "of pairs that the filter is solved on")
    calibration_pixels: int = option(8_000_000, "of pairs that the strengths are solved on")
    refresh_steps: int = option(4, "until the codec makes a batch of new pairs")
    squared_error_weight: float = option(0.1, "of the logarithm of the squared error")
    structure_weight: float = option(0.1, "of the logarithm of 1 - SSIM")
    applied_for: tuple[str, ...] = option((), "codecs that the share applied is to harm none of")
    applied_rates: tuple[int, ...] = option((), "at which that is so; none: all it was trained at")
    applied_fades_db: tuple[float, ...] = option((0.0,), "below what the encoder expected")
    validation_images: int = option(14, "held out")
    batch: int = 6
    learning_rate: float = 5e-4
    muon_rate: float = 1e-3
    warmup_steps: int = 50
    floor: float = 0.01
    ema: float = 0.999
    clip: float = 1.0


@dataclass(frozen=True, kw_only=True)
class RefinerCifarOptions(RefinerOptions):
    """What a run on CIFAR-10 can be told."""

    codec: tuple[str, ...] = ("swin-cifar",)
    network: RefinerConfig = CIFAR


class TwoSteps(nn.Module):
    """The networks of both steps."""

    def __init__(self, config: RefinerConfig) -> None:
        super().__init__()
        self.first = PretrainingNetwork(config)
        self.second = RefinerNetwork(config)


class RefinerRecipe(Recipe[TwoSteps, Pairs, RefinerOptions]):
    """Mean error and decibels of the refined image; in the second step the error of Z as well."""

    name = "refiner"
    summary = "diffusion refiner behind a codec, from CIFAR-10 or folders of photos"
    usage = "gensc demo --refine {}"
    OPTIONS = RefinerOptions
    one_cosine = True

    def __init__(self, settings: RunSettings, options: RefinerOptions) -> None:
        super().__init__(settings, options)
        self.codecs = [load_jscc(name) for name in options.codec]
        self.others = [load_jscc(name) for name in options.applied_for]
        self.rates = options.links.rates or common_rates(self.codecs)
        self.images, self.held_out = self._load()
        tensors = [to_tensor(image) for image in self.held_out]
        self.sets = {
            f"{codec.name} at {snr_db:g} dB": validation_pairs(
                codec, tensors, self.rates, snr_db, 100
            )
            for codec in self.codecs
            for snr_db in VALIDATION_SNRS_DB
        }
        self.strengths: tuple[float, ...] = options.network.calibration
        self.shares: tuple[float, ...] = options.network.applied
        self.pool: PairPool | None = None

    @classmethod
    def options_for(cls, data: Sequence[Path]) -> type[Options]:
        return RefinerCifarOptions if any(map(is_cifar, data)) else RefinerOptions

    def _load(self) -> tuple[list[Photo] | np.ndarray, list[Photo]]:
        data, o = self.settings.data, self.options
        small = [path for path in data if is_cifar(path)]
        if small:
            if len(data) > 1 or self.settings.exclude_prefix:
                raise ValueError(f"{small[0]}: CIFAR-10 is trained on alone and whole")
            images = load_cifar(small[0], "train").images
            held_out = min(CIFAR_HELD_OUT, len(images) // 10)
            return images[:-held_out], list(images[-held_out:][: o.validation_images])
        prefixes = self.settings.exclude_prefix
        photos, whole = load_split(data, prefixes, o.validation_images, o.picture)
        return photos, [centre_crop(photo, VALIDATION_SIDE) for photo in whole]

    def model(self) -> TwoSteps:
        return TwoSteps(self.options.network)

    def described(self) -> dict[str, Any]:
        return self.options.network.as_json()

    # ------------------------------------------------------------------ the two steps

    def begin(self, network: TwoSteps) -> None:
        solved = network.first.restoration.solved
        if solved is not None:
            pool = self._pool(self.settings.seed)
            pool.fill(self.options.filter_pixels // pool.maker.tile**2)
            solved.fit(pool.everything())
        network.second.start_from(network.first)

    def stages(self) -> tuple[float, ...]:
        return (self.options.first_fraction, 1.0 - self.options.first_fraction)

    def enter(self, network: TwoSteps, average: TwoSteps) -> None:
        network.first.load_state_dict(average.first.state_dict())
        network.first.requires_grad_(False)
        for both in (network, average):
            both.second.start_from(average.first)

    def learner(self, network: TwoSteps) -> nn.Module:
        return network.second if self.stage else network.first

    def groups(self, learner: nn.Module) -> list[Group]:
        def dense(name: str, p: nn.Parameter) -> bool:
            return p.ndim > 1 and not any(part in name for part in IMAGE_KERNELS)

        rates = self.options.muon_rate, self.options.learning_rate
        return kernels_and_others(learner, *rates, kernel=dense)

    # ------------------------------------------------------------------ data and loss

    def _pool(self, seed: int) -> PairPool:
        """The pool of pairs, made and filled once."""
        if self.pool is None:
            o, images = self.options, self.images
            sampler: ImageSampler
            if isinstance(images, np.ndarray):
                size, sampler = images.shape[1], ImageSetSampler(images, seed)
            else:
                size, sampler = o.picture, CropSampler(images, seed)
            tile = min(o.tile, size)
            links = replace(o.links, rates=self.rates)
            maker = PairMaker(self.codecs, sampler, links, size, tile, seed)
            self.pool = PairPool(maker, o.pool_pixels // tile**2, seed)
            self.pool.fill(o.start_pixels // tile**2)
        return self.pool

    def sampler(self, seed: int) -> Callable[[], Pairs]:
        pool, o = self._pool(seed), self.options
        self.noise = torch.Generator().manual_seed(seed)
        return pool.refreshed(
            o.batch, o.refresh_steps, max(1, o.batch // pool.maker.tiles_per_image)
        )

    def loss(self, network: TwoSteps, batch: Pairs, progress: float) -> dict[str, Tensor]:
        decoded, original = images_of(batch)
        weights = self.options.squared_error_weight, self.options.structure_weight
        if self.stage == 0:
            refined = network.first(decoded, original, batch.snr_db)
            return {"restoration": restoration_loss(refined, decoded, original, *weights)}
        second = network.second
        with torch.no_grad():
            prior = network.first.extract(decoded, original).float()
        noise = torch.randn(prior.shape, generator=self.noise).to(prior.device)
        estimate = second.estimate_prior(
            decoded, batch.snr_db, second.diffusion.diffuse(prior, noise)
        )
        refined = second.restoration(decoded, estimate, batch.snr_db)
        return {
            "restoration": restoration_loss(refined, decoded, original, *weights),
            "prior": (estimate - prior).abs().mean(),
        }

    # ------------------------------------------------------------------ validation and export

    @torch.inference_mode()
    def refined(self, network: TwoSteps, pairs: Pairs) -> Tensor:
        """Pairs through the network, uint8; in the first step it sees the originals."""
        device = next(network.parameters()).device
        decoded, original = (x.to(device) for x in images_of(pairs))
        snr_db = pairs.snr_db.to(device)
        if self.stage == 0:
            found = network.first(decoded, original, snr_db)
        else:
            generator = torch.Generator().manual_seed(0)
            noise = torch.randn(len(pairs), self.options.network.prior_size, generator=generator)
            found = network.second(decoded, snr_db, noise.to(device))
        return (found.clamp(0, 1) * 255.0).round().to(torch.uint8).cpu()

    def validate(self, network: TwoSteps) -> Figures:
        coarse, gain = {}, {}
        for label, pairs in self.sets.items():
            before = [psnr_of(p.decoded, p.original) for p in pairs]
            after = [psnr_of(self.refined(network, p), p.original) for p in pairs]
            coarse[label] = round(float(np.mean(before)), 3)
            gain[label] = round(float(np.mean(after) - np.mean(before)), 3)
        return {"PSNR decoded (dB)": coarse, "gain (dB)": gain}

    def finish(self, network: TwoSteps) -> None:
        pool, config = self._pool(self.settings.seed), self.options.network
        pairs = pool.sample(self.options.calibration_pixels // pool.maker.tile**2)
        self.strengths = fit_calibration(network.second, pairs)
        if not self.others:
            return
        whole = Refiner("whole", replace(config, calibration=self.strengths, applied=(1.0,) * 5))
        whole.network.load_state_dict(network.second.state_dict())
        images = torch.cat([to_tensor(image) for image in self.held_out])
        groups = [
            calibration_pairs(codec, images, rate, fade_db)
            for codec in self.others
            for rate in self.options.applied_rates or self.rates
            for fade_db in self.options.applied_fades_db
        ]
        self.shares = fit_applied(whole.network, groups)

    def product(self, network: TwoSteps, name: str) -> Refiner:
        config = replace(self.options.network, calibration=self.strengths, applied=self.shares)
        refiner = Refiner(name, config)
        refiner.network.load_state_dict(network.second.state_dict())
        return refiner


def images_of(pairs: Pairs) -> tuple[Tensor, Tensor]:
    """Decoded and original, ``B x 3 x H x W`` in [0, 1]."""
    last = torch.channels_last
    decoded, original = (x.float() / 255.0 for x in (pairs.decoded, pairs.original))
    return decoded.contiguous(memory_format=last), original.contiguous(memory_format=last)


def psnr_of(image: Tensor, original: Tensor) -> float:
    """PSNR of uint8 tensors in dB, 114 for equal ones."""
    mse = (image.float() - original.float()).square().mean().item()
    return 10.0 * math.log10(255.0**2 / max(mse, 1e-6))


def common_rates(codecs: Sequence[JsccCodec]) -> tuple[int, ...]:
    """Rates that all the codecs recommend, ascending.

    Raises
    ------
    ValueError
        There are none.
    """
    common = set.intersection(*(set(codec.rates) for codec in codecs))
    if not common:
        raise ValueError(f"no rate in common: {', '.join(codec.name for codec in codecs)}")
    return tuple(sorted(common))
