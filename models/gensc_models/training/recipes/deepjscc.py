"""DeepJSCC as published, for CIFAR-10: one network per SNR.

The highest SNR first and each from the one above it: training that starts at a low SNR stalls. The
first network gets the largest share of the time and starts from a linear code
(:mod:`gensc_models.codecs.deepjscc.start`). The loss is the published one, the squared error. A
finished run that is given more minutes goes round all its networks once more, in equal shares; one
that starts from weights counts as such a round, and can be kept to some of the networks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.codecs.deepjscc.network import Autoencoder, DeepJscc, DeepJsccConfig
from gensc_models.codecs.deepjscc.start import start_linear
from gensc_models.codecs.jscc import CodecConfig, JsccCodec, load_jscc
from gensc_models.codecs.layout import MAX_RATE
from gensc_models.data.cifar import load_cifar, shuffled_batches
from gensc_models.training.optimisers import Group, kernels_and_others
from gensc_models.training.options import Options, RunSettings, option
from gensc_models.training.recipe import Figures, Recipe
from gensc_models.weights.store import WeightsError

VALIDATION_BATCH = 500


@dataclass(frozen=True, kw_only=True)
class DeepJsccOptions(Options):
    """What a run of DeepJSCC can be told."""

    snrs_db: tuple[float, ...] = option(DeepJsccConfig().snrs_db, "one network for each, dB")
    start: str = option("", "weights of DeepJSCC to go on from")
    only: tuple[float, ...] = option((), "with start: SNRs whose networks are trained on")
    first_fraction: float = option(0.35, "share of the time of the highest SNR's network")
    later_fraction: float = option(0.6, "learning rates of all others relative to it")
    validation_images: int = option(1000, "of the training set, held out")
    statistics_images: int = option(2000, "that the linear code is fitted to")
    minutes: float = 50.0
    learning_rate: float = 3e-3
    muon_rate: float = 3e-3
    ema: float = 0.999
    validate_every: float = 1.0


class DeepJsccRecipe(Recipe[DeepJscc, Tensor, DeepJsccOptions]):
    """Squared error over AWGN at one SNR per stage."""

    name = "deepjscc"
    summary = "DeepJSCC at CBR 1/6 from CIFAR-10 (folder of its .bin files, or .npz pack)"
    usage = "gensc demo --model {} --rate 128"
    OPTIONS = DeepJsccOptions
    rounds = True

    def __init__(self, settings: RunSettings, options: DeepJsccOptions) -> None:
        super().__init__(settings, options)
        self.config = DeepJsccConfig(options.snrs_db)
        if options.only and not options.start:
            raise ValueError("only some networks can be trained on, not trained from nothing")
        for snr_db in options.only:
            if snr_db not in options.snrs_db:
                raise ValueError(f"no network for {snr_db:g} dB among {list(options.snrs_db)}")
        self.order = sorted(options.only or options.snrs_db, reverse=True)
        (path, *more), prefix = settings.data, settings.exclude_prefix
        if more or prefix:
            raise ValueError(f"{(*more, *prefix)[0]}: CIFAR-10 is trained on alone and whole")
        images = load_cifar(path, "train").images
        self.held_out, self.images = np.split(images, [options.validation_images])
        if not len(self.images):
            raise ValueError(f"{path}: no image beyond the {len(self.held_out)} held out")

    def model(self) -> DeepJscc:
        return DeepJscc(self.config)

    def described(self) -> dict[str, Any]:
        return asdict(self.config)

    def begin(self, network: DeepJscc) -> None:
        if self.options.start:
            codec = load_jscc(self.options.start)
            if codec.config.network != self.config:
                raise WeightsError(
                    f"weights '{self.options.start}' are not DeepJSCC for the SNRs of this run"
                )
            network.load_state_dict(codec.network.state_dict())
            return
        chosen = self.images[: self.options.statistics_images]
        pixels = torch.from_numpy(chosen).permute(0, 3, 1, 2).float() / 255.0
        first = Autoencoder()
        start_linear(first, pixels, self.order[0])
        self._of(network, 0).load_state_dict(first.state_dict())

    def stages(self) -> tuple[float, ...]:
        count, first = len(self.order), self.options.first_fraction
        if count == 1 or self._later_round:
            return (1.0 / count,) * count
        return (first, *((1.0 - first) / (count - 1),) * (count - 1))

    def enter(self, network: DeepJscc, average: DeepJscc) -> None:
        own = self._of(average, self.stage)
        if not self._later_round:
            own.load_state_dict(self._of(average, self.stage - 1).state_dict())
        self._of(network, self.stage).load_state_dict(own.state_dict())

    def learner(self, network: DeepJscc) -> nn.Module:
        return self._of(network, self.stage)

    def groups(self, learner: nn.Module) -> list[Group]:
        from_linear_code = self.stage == 0 and not self._later_round
        share = 1.0 if from_linear_code else self.options.later_fraction
        rates = self.options.muon_rate * share, self.options.learning_rate * share
        return kernels_and_others(learner, *rates, kernel=lambda name, p: p.ndim > 1)

    @property
    def _later_round(self) -> bool:
        return self.again or bool(self.options.start)

    def sampler(self, seed: int) -> Callable[[], Tensor]:
        return shuffled_batches(self.images, self.options.batch, seed)

    def loss(self, network: DeepJscc, batch: Tensor, progress: float) -> dict[str, Tensor]:
        decoded = self._of(network, self.stage)(batch, self.order[self.stage])
        return {"squared error": F.mse_loss(decoded.float(), batch)}

    def validate(self, network: DeepJscc) -> Figures:
        snr_db = self.order[self.stage]
        found = psnr_of(self._of(network, self.stage), self.held_out, snr_db)
        return {kind: {f"{snr_db:g} dB": value} for kind, value in found.items()}

    def measure(self, network: DeepJscc, last: Figures) -> Figures:
        figures: dict[str, dict[str, float]] = {}
        for stage, snr_db in enumerate(self.order):
            for kind, value in psnr_of(self._of(network, stage), self.held_out, snr_db).items():
                figures.setdefault(kind, {})[f"{snr_db:g} dB"] = value
        return figures

    def product(self, network: DeepJscc, name: str) -> JsccCodec:
        codec = JsccCodec(CodecConfig(name, rates=(MAX_RATE,), network=self.config))
        codec.network.load_state_dict(network.state_dict())
        return codec

    def _of(self, network: DeepJscc, stage: int) -> Autoencoder:
        """The network that is trained as number ``stage``; they are stored by ascending SNR."""
        chosen = network.networks[self.config.snrs_db.index(self.order[stage])]
        assert isinstance(chosen, Autoencoder)
        return chosen


@torch.inference_mode()
def psnr_of(network: Autoencoder, images: NDArray[np.uint8], snr_db: float) -> dict[str, float]:
    """PSNR of rounded images over AWGN in dB: of the mean error, and the mean of the images'.

    The first is what DeepJSCC publications state, the second what this project states; it is the
    higher one.
    """
    device = next(network.parameters()).device
    errors = []
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        for start in range(0, len(images), VALIDATION_BATCH):
            part = torch.from_numpy(images[start : start + VALIDATION_BATCH]).to(device)
            image = part.permute(0, 3, 1, 2).float() / 255.0
            decoded = (network(image, snr_db) * 255.0).round() / 255.0
            errors.append((decoded - image).square().mean(dim=(1, 2, 3)).clamp_min(1e-10))
    mse = torch.cat(errors).double()
    return {
        "PSNR of the mean error (dB)": round(-10.0 * math.log10(mse.mean().item()), 3),
        "mean PSNR (dB)": round(-10.0 * mse.log10().mean().item(), 3),
    }
