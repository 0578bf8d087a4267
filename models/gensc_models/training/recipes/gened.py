"""The dual-branch codec of GenED-SC, from photos with maps of what in them matters.

Starts from a photo codec, whose networks become the trunk, and trains transmitter, channel and
receiver end to end (:mod:`gensc_models.training.gened`). With CLIP the score map follows that of
the context matching module as well; variants leave out the parts that Tables I and II do without.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from gensc_models.codecs.gened.codec import GenedCodec, GenedCodecConfig
from gensc_models.codecs.gened.config import VARIANTS, GenedConfig
from gensc_models.codecs.gened.features import feature_network
from gensc_models.codecs.gened.losses import LossWeights
from gensc_models.codecs.gened.matching import ClipEncoder, matching_for
from gensc_models.codecs.gened.measure import cropped, evaluate_gened
from gensc_models.codecs.gened.samples import SaliencySampler, Sample, pseudo_labelled
from gensc_models.codecs.jscc import load_jscc
from gensc_models.codecs.photo.network import JsccConfig
from gensc_models.metrics.clip import load_clip
from gensc_models.semantics.importance.maps import MappedPhoto, load_mapped
from gensc_models.semantics.importance.saliency import SaliencyNetwork
from gensc_models.semantics.importance.sources import LearnedImportance
from gensc_models.training.gened import Draws, Learner, Objective
from gensc_models.training.optimisers import Group, kernels_and_others
from gensc_models.training.options import Options, RunSettings, option
from gensc_models.training.recipe import Figures, Recipe
from gensc_models.weights.store import WeightsError

VALIDATION_POINTS = ((32, 1.0), (32, 10.0))
Batch = tuple[Sample, Sample]


@dataclass(frozen=True, kw_only=True)
class GenedOptions(Options):
    """What a run of the dual-branch codec can be told."""

    maps: Path | None = option(None, "folder of maps named like the photos (.png); needed")
    prefixes: tuple[str, ...] = option(("",), "only photos whose names begin with one of these")
    photos: tuple[Path, ...] = option((), "folders of photos without maps")
    importance: str = option("", "weights of a saliency network that makes maps for these")
    start: str = option("deepjscc-photo", "photo codec whose networks become the trunk; - for none")
    variant: str = option("full", f"one of {', '.join(VARIANTS)}")
    network: GenedConfig = option(GenedConfig(), "sizes, where no variant says otherwise")
    clip_model: str = option("", "model of open_clip whose score map is followed")
    features: str = option("auto", "contextual loss on vgg19, a classifier, none, or what there is")
    score: str = option("", "saliency network whose map the codec takes for its own score")
    weights: LossWeights = option(LossWeights(), "of the parts of the objective")
    draws: Draws = option(Draws(), "SNRs, rates and channels drawn from")
    trunk_share: float = option(0.1, "learning rate of the trunk, of the others'")
    held_out: int = option(25, "every so many-th photo is kept for validation")
    validation_photos: int = option(8, "of them, at most")
    side: int = option(192, "of the crops")
    wholes: int = option(6, "whole photos in a step, for the maps")
    whole_size: tuple[int, ...] = option((128, 192), "that they are shrunk to, upright or lying")
    batch: int = 4
    learning_rate: float = 1e-3
    muon_rate: float = 3e-3
    decay: float = 0.1
    clip: float = 1.0
    warmup_steps: int = 50


class GenedRecipe(Recipe[Learner, Batch, GenedOptions]):
    """The objective of section IV-C."""

    name = "gened"
    summary = "dual-branch codec of GenED-SC, from photos with maps (--set maps=DIR)"
    usage = "gensc demo --model {}"
    OPTIONS = GenedOptions
    # The split of the symbols is reckoned on the CPU.
    cuda = False

    def __init__(self, settings: RunSettings, options: GenedOptions) -> None:
        super().__init__(settings, options)
        if options.variant not in VARIANTS:
            raise ValueError(f"variant {options.variant!r}: must be one of {', '.join(VARIANTS)}")
        if len(settings.data) > 1:
            raise ValueError(
                f"{settings.data[1]}: photos with maps are one folder; others go by --set photos="
            )
        self.semantic = options.variant != "no-semantic-objective"
        trunk = options.network.trunk
        self.trunk: dict[str, Tensor] | None = None
        if options.start:
            trunk, self.trunk = trunk_of(options.start)
        self.config = replace(options.network, trunk=trunk, **VARIANTS[options.variant])
        self.pairs, self.held_out = self._load()
        self.clip = ClipEncoder(load_clip(options.clip_model)) if options.clip_model else None
        self.features = feature_network(options.features) if self.semantic else None

    def _load(self) -> tuple[list[MappedPhoto], list[MappedPhoto]]:
        o, (folder,) = self.options, self.settings.data
        if o.maps is None:
            raise ValueError("gened needs --set maps=DIR, a folder of maps named like the photos")
        for path in (folder, o.maps, *o.photos):
            if not path.is_dir():
                raise ValueError(f"{path}: no such folder")
        if bool(o.photos) != bool(o.importance):
            raise ValueError("photos and importance go together: one makes the other's maps")
        apart = self.settings.exclude_prefix
        found = load_mapped(folder, o.maps, o.prefixes)
        pairs = [pair for pair in found if not pair.name.startswith(apart)]
        held_out = pairs[:: o.held_out][: o.validation_photos]
        kept = {pair.name for pair in held_out}
        train_on = [pair for pair in pairs if pair.name not in kept]
        if o.photos:
            source = LearnedImportance(SaliencyNetwork.from_pretrained(o.importance))
            train_on += pseudo_labelled(o.photos, source)
        if not train_on:
            raise ValueError(f"{folder}: {len(pairs)} photos are too few to train on")
        return train_on, cropped(held_out)

    def model(self) -> Learner:
        return Learner(self.config, matching_for(self.clip) if self.clip is not None else None)

    def described(self) -> dict[str, Any]:
        return {"variant": self.options.variant, "network": self.config.as_json()}

    def begin(self, network: Learner) -> None:
        if self.trunk is not None:
            network.network.trunk.load_state_dict(self.trunk)

    def groups(self, learner: nn.Module) -> list[Group]:
        o = self.options
        slower = ("network.trunk.", o.trunk_share)
        return kernels_and_others(learner, o.muon_rate, o.learning_rate, o.decay, slower)

    def sampler(self, seed: int) -> Callable[[], Batch]:
        o = self.options
        self.objective = Objective(
            o.draws, o.weights, self.semantic, self.features, self.clip, seed
        )
        source = SaliencySampler(self.pairs, seed)
        height, width = o.whole_size

        def draw() -> Batch:
            size = (height, width) if source.random.random() < 0.5 else (width, height)
            crops = source.sample(o.batch, (o.side, o.side))
            return crops, source.sample(o.wholes, size, whole=True)

        return draw

    def loss(self, network: Learner, batch: Batch, progress: float) -> dict[str, Tensor]:
        return {"objective": self.objective.loss(network, *batch)}

    def validate(self, network: Learner) -> Figures:
        codec = self.product(network, "run")
        points = list(evaluate_gened(codec, self.held_out, VALIDATION_POINTS))
        shown = {f"C{p.rate}@{p.snr_db:g}dB": p.foreground_psnr_db for p in points}
        return {"foreground PSNR (dB)": shown, "IoU": {"of the mask": points[0].mask_iou}}

    def product(self, network: Learner, name: str) -> GenedCodec:
        config = GenedCodecConfig(name, importance=self.options.score, network=self.config)
        codec = GenedCodec(config)
        codec.network.load_state_dict(network.network.state_dict())
        return codec


def trunk_of(name: str) -> tuple[JsccConfig, dict[str, Tensor]]:
    """Shape and weights of the photo codec to start from.

    Raises
    ------
    WeightsError
        Missing, damaged, or no photo codec with networks.
    """
    codec = load_jscc(name)
    shape = codec.config.network
    if not isinstance(shape, JsccConfig) or not shape.residual:
        raise WeightsError(f"weights '{name}': the trunk starts from a convolutional photo codec")
    return shape, codec.network.state_dict()
