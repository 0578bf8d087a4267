"""The same schemes through GNU Radio, beside the torch-only channel at the SNR measured.

The receiver estimates its channel from the bursts; the torch channel is AWGN of the SNR that the
receiver measured for the very image, with the encoder told the same mean SNR. Over `rayleigh` that
is the SNR behind the equaliser, so that the comparison is as fair as over `awgn`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc.bench.gsc.link import Images, seed_of
from gensc.bench.gsc.mu import USERS
from gensc.bench.gsc.schemes import System
from gensc.link.run import LinkRunner
from gensc.link.torch_channel import transmit
from gensc.link.uplink import Conditions, Uplink, UserSection
from gensc.results.result import Result
from gensc.system import codecs
from gensc.system.progress import Reporter

EXPERIMENT, MU_EXPERIMENT = "flowgraph", "mu flowgraph"
CHANNELS = ("awgn", "rayleigh")
SEPARATIONS = ("zf", "mmse")


@dataclass(frozen=True)
class FlowgraphPlan:
    """How much is run: images at every SNR and channel; slots of three users' images."""

    images: int = 32
    snrs_db: Sequence[float] = (0, 4, 7, 10, 15)
    mu_slots: int = 10
    mu_snrs_db: Sequence[float] = (5, 15)
    rate: int = 128

    @property
    def steps(self) -> int:
        """Steps of progress of both functions."""
        return len(CHANNELS) * len(self.snrs_db) + len(SEPARATIONS) * len(self.mu_snrs_db)


@dataclass
class _Pair:
    """PSNRs of one image through the flowgraph and over torch, dB."""

    scheme: str
    measured_db: float
    psnr: float
    psnr_torch: float


def single_user(
    images: Images, system: System, plan: FlowgraphPlan, seed: int, bar: Reporter
) -> tuple[list[dict[str, Any]], list[Result]]:
    """Rows of the comparison, and one result line per image and operating point."""
    refine = system.refiner_weights.id if system.refiner_weights else codecs.NO_REFINER
    runner = LinkRunner(system.weights.id, plan.rate, refine=refine)
    rows: list[dict[str, Any]] = []
    lines: list[Result] = []
    for channel, snr_db in product(CHANNELS, plan.snrs_db):
        pairs: list[_Pair] = []
        lost = 0
        for i, image in enumerate(images[: plan.images]):
            draw = seed_of(seed, round(100 * (snr_db + 100)), i) % (1 << 30)
            got = runner.send(image, f"cifar-{i}", snr_db=snr_db, channel=channel, seed=draw)
            lines += [r for r in (runner.result(got), runner.refined_result(got)) if r]
            if got.image is None or got.snr_measured_db is None:
                lost += 1
                continue
            pairs += _beside(
                system, plan.rate, image, got.image, got.refined, snr_db, got.snr_measured_db, draw
            )
        rows += _rows({"experiment": EXPERIMENT, "channel": channel, "snr_db": snr_db}, pairs, lost)
        bar.step(f"GNU Radio, {channel} at {snr_db:g} dB")
    return rows, lines


def _beside(
    system: System,
    rate: int,
    image: NDArray[np.uint8],
    decoded: NDArray[np.uint8],
    refined: NDArray[np.uint8] | None,
    design_db: float,
    measured_db: float,
    seed: int,
) -> Iterable[_Pair]:
    """What the torch-only channel gives at the SNR measured, beside what was received."""
    from gensc_models.metrics.fidelity import psnr

    beside, _, _ = transmit(
        system.codec, image, "awgn", rate, measured_db, seed, design_snr_db=design_db
    )
    yield _Pair(system.scheme, measured_db, psnr(image, decoded), psnr(image, beside))
    if system.refiner is not None and refined is not None:
        polished = system.refiner.refine(beside, measured_db)
        yield _Pair(system.refined, measured_db, psnr(image, refined), psnr(image, polished))


def several_users(
    images: Images, system: System, plan: FlowgraphPlan, seed: int, bar: Reporter
) -> list[dict[str, Any]]:
    """The same for three users at once, through the flowgraph of the uplink."""
    uplink = Uplink()
    rows: list[dict[str, Any]] = []
    for separation, snr_db in product(SEPARATIONS, plan.mu_snrs_db):
        pairs: list[_Pair] = []
        lost = 0
        for slot in range(plan.mu_slots):
            photos = [images[(USERS * slot + k) % len(images)] for k in range(USERS)]
            sent = [system.codec.encode_image(p, plan.rate, snr_db) for p in photos]
            sections = [
                UserSection(e.symbols, e.rate, e.height, e.width, system.codec.fingerprint, e.aux)
                for e in sent
            ]
            draw = seed_of(seed, round(100 * (snr_db + 100)), slot) % (1 << 30)
            at = Conditions(snr_db, separation, draw)  # type: ignore[arg-type]
            for photo, e, stream in zip(
                photos, sent, uplink.send("flowgraph", sections, at), strict=True
            ):
                if stream is None or not np.isfinite(stream.noise_var).all():
                    lost += 1
                    continue
                decoded = system.codec.decode_image(e.received(stream.symbols, stream.noise_var))
                refined = None
                if system.refiner is not None:
                    refined = system.refiner.refine(decoded, stream.snr_db)
                pairs += _beside(
                    system, plan.rate, photo, decoded, refined, snr_db, stream.snr_db, draw
                )
        point = {"experiment": MU_EXPERIMENT, "channel": "rayleigh", "separation": separation}
        rows += _rows(point | {"snr_db": snr_db}, pairs, lost)
        bar.step(f"GNU Radio, {USERS} users, {separation} at {snr_db:g} dB")
    return rows


def _rows(point: dict[str, Any], pairs: list[_Pair], lost: int) -> Iterable[dict[str, Any]]:
    """One row per scheme: means over the images."""
    for scheme in dict.fromkeys(p.scheme for p in pairs):
        mine = [p for p in pairs if p.scheme == scheme]
        yield point | {
            "scheme": scheme,
            "snr_measured_db": fmean(p.measured_db for p in mine),
            "psnr": fmean(p.psnr for p in mine),
            "psnr_torch": fmean(p.psnr_torch for p in mine),
            "difference": fmean(p.psnr - p.psnr_torch for p in mine),
            "images": len(mine),
            "lost": lost,
        }
