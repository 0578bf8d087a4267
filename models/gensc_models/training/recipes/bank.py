"""The codec bank: entropy model and universal decoder of all operating points at once.

Trains the entropy model on what bits cost and the decoder on every way in which latents may be
known badly (:mod:`gensc_models.training.uncertainty`): quantised, sent as analog symbols, lost.
Starts from a wavelet codec (:mod:`gensc_models.codecs.bank.transforms`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gensc_models.codecs.bank.codec import HyperpriorCodec
from gensc_models.codecs.bank.initial import initialise
from gensc_models.codecs.bank.network import HyperpriorNetwork
from gensc_models.codecs.bank.points import LAST
from gensc_models.codecs.bank.rate_distortion import evaluate
from gensc_models.codecs.bank.transforms import HyperpriorConfig
from gensc_models.data.photos import BLOCK, CropSampler, centre_crop, load_split
from gensc_models.training.bank import (
    ANALOG_POINTS,
    Objective,
    Spread,
    analog_psnr,
    draw_masks,
    load_network,
)
from gensc_models.training.optimisers import Group
from gensc_models.training.options import Options, RunSettings, option
from gensc_models.training.recipe import Figures, Recipe
from gensc_models.training.uncertainty import Shares

BACKBONE = HyperpriorConfig(
    decoder_depth_16=4, decoder_depth_8=3, decoder_depth_4=3, points=LAST, anchors=7
)
"""The bank that is shipped."""
VALIDATION_SIDE = 256
Batch = tuple[str, Tensor, Tensor]


@dataclass(frozen=True, kw_only=True)
class BankOptions(Options):
    """What a run of the bank can be told.

    Crops of the entropy model are large enough that some of their hyper-latents, one for 64x64
    pixels, lie inside: networks that only ever saw the zeros around a map of 2x2 lose bits and
    decibels on whole photos. The decoder, which sees a few blocks far, is content with less.
    """

    network: HyperpriorConfig = option(BACKBONE, "sizes, and whether the analysis learns")
    start: Path | None = option(None, "file of parameters to begin with (training.bank)")
    hyper_rate: float = option(2e-4, "Adam's, for the hyper-networks: they know an answer already")
    entropy_first: float = option(0.3, "share of the time for the entropy model alone")
    entropy_every: int = option(5, "from then on it is learned in one of so many steps")
    shares: Shares = option(Shares(), "of the ways in which latents are known")
    crop: int = option(256, "side of the entropy model's crops")
    decoder_crop: int = option(128, "side of the decoder's crops")
    decoder_batch: int = option(8, "of these in a step")
    masked: float = option(0.1, "share of the crops of which only part is sent")
    statistics_crops: int = option(400, "that the start is fitted to")
    validation_photos: int = option(8, "held out, every n-th file")
    validation_points: tuple[int, ...] = option((1, 7, 13, 19, 25), "operating points")
    batch: int = 2
    learning_rate: float = 1e-3
    muon_rate: float = 2e-3
    clip: float = 5.0


class BankRecipe(Recipe[HyperpriorNetwork, Batch, BankOptions]):
    """Bits of the entropy model, and decibels of the decoder, in turns."""

    name = "bank"
    summary = "codec bank of exact bitstreams, and of the adaptive analog code, from photos"
    usage = "gensc demo --model {}"
    OPTIONS = BankOptions
    autocast = False

    def __init__(self, settings: RunSettings, options: BankOptions) -> None:
        super().__init__(settings, options)
        self.photos, whole = load_split(
            settings.data, settings.exclude_prefix, options.validation_photos, options.crop
        )
        self.held_out = [centre_crop(photo, VALIDATION_SIDE) for photo in whole]
        self.steps, self.progress = 0, 0.0

    # ------------------------------------------------------------------ model

    def model(self) -> HyperpriorNetwork:
        network = HyperpriorNetwork(self.options.network)
        self.spread = Spread(network.transforms.spread)
        return network

    def described(self) -> dict[str, Any]:
        return asdict(self.options.network)

    def begin(self, network: HyperpriorNetwork) -> None:
        o = self.options
        if o.start is not None:
            load_network(network, o.start)
        else:
            crops = CropSampler(self.photos, self.settings.seed)
            initialise(network, crops.batch(o.statistics_crops, o.crop))
        self.spread = Spread(network.transforms.spread)

    def state(self) -> dict[str, Any]:
        return {"spread": (self.spread.count, self.spread.squares)}

    def restore(self, state: dict[str, Any]) -> None:
        self.spread.count, self.spread.squares = state["spread"]
        self.steps = state["step"]

    def groups(self, learner: nn.Module) -> list[Group]:
        assert isinstance(learner, HyperpriorNetwork)
        o, transforms = self.options, learner.transforms
        transforms.in_bfloat16 = self.settings.precision == "bfloat16"
        residuals = [m for m in (transforms.analysis, transforms.synthesis) if m is not None]
        kernels = [p for m in residuals for p in m.parameters() if p.ndim == 4]
        inner = {id(p) for p in kernels}
        outer = [p for p in learner.parameters() if id(p) not in inner and p.requires_grad]
        return [
            Group(kernels, o.muon_rate, muon=True),
            Group([p for p in outer if p.ndim != 4], o.learning_rate),
            Group([p for p in outer if p.ndim == 4], o.hyper_rate),
        ]

    # ------------------------------------------------------------------ data and loss

    def turn(self, step: int) -> str:
        """What a step learns: the entropy model or the decoder."""
        o = self.options
        first = self.progress < o.entropy_first or step % o.entropy_every == 0
        return "entropy" if first and not o.network.learned_analysis else "decoder"

    def sampler(self, seed: int) -> Callable[[], Batch]:
        o, first = self.options, self.steps
        self.objective = Objective(o.shares, o.network.lowest, seed)
        generator = torch.Generator().manual_seed(seed)
        sources = {
            "entropy": (CropSampler(self.photos, seed), o.batch, o.crop),
            "decoder": (CropSampler(self.photos, seed + 1), o.decoder_batch, o.decoder_crop),
        }
        drawn = iter(range(first, 1 << 60))

        def draw() -> Batch:
            which = self.turn(next(drawn))
            crops, count, side = sources[which]
            image = crops.batch(count, side)
            return which, image, draw_masks(count, side // BLOCK, o.masked, generator)

        return draw

    def loss(self, network: HyperpriorNetwork, batch: Batch, progress: float) -> dict[str, Tensor]:
        self.progress = progress
        which, image, keep = batch
        learn = self.objective.entropy if which == "entropy" else self.objective.decoder
        return {which: learn(network, self.spread, image, keep)}

    # ------------------------------------------------------------------ validation and export

    def validate(self, network: HyperpriorNetwork) -> Figures:
        self._measured(network)
        # Streams are made on the CPU, whatever the network was trained on.
        network = copy.deepcopy(network).to("cpu")
        points = self.options.validation_points
        results = evaluate(HyperpriorCodec.from_network(network), self.held_out, points)
        analog = {
            f"1/{1 / cbr:g} at {snr_db:g} dB": round(
                analog_psnr(network, self.held_out, cbr, snr_db), 3
            )
            for cbr, snr_db in ANALOG_POINTS
        }
        return {
            "bits per pixel": {f"phi{r.point}": round(r.bpp, 4) for r in results},
            "PSNR of streams (dB)": {f"phi{r.point}": round(r.psnr, 3) for r in results},
            "PSNR of analog symbols (dB)": analog,
        }

    def product(self, network: HyperpriorNetwork, name: str) -> HyperpriorCodec:
        self._measured(network)
        return HyperpriorCodec.from_network(network, name)

    def _measured(self, network: HyperpriorNetwork) -> None:
        """Deviations by level are measured, not averaged."""
        network.transforms.spread.copy_(self.spread.deviations())
