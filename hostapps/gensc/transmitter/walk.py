"""The closed loop while the channel walks: what became of every image, and the oracle's beside it.

Three runs of the flowgraph of `gensc.transmitter.closed_loop`, in simulated time (an image every
`interval_s`, T_max each on the air; the silence between them is not simulated):

    loop    the controller follows the SNR that is fed back over ZeroMQ
    fixed   the row for the SNR in the middle of the walk, whatever the channel does
    cut     as loop, the feedback cut for some seconds around the lowest SNR
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gensc.adapt.bank import Photo
from gensc.adapt.oracle import Oracle
from gensc_phy.adaptation.rate_table import RateTable

if TYPE_CHECKING:
    from gensc.transmitter.closed_loop import LoopConfig

LOOP, FIXED, CUT = "loop", "fixed", "cut"
RUNS = (LOOP, FIXED, CUT)
#: What a row says of an image's way, besides what the encoder made of it.
ENCODED = ("level_db", "measured_db", "point", "alpha", "mcs", "bits", "in_time", "delivered")


@dataclass(frozen=True)
class Walk:
    """A walk of the SNR, and when images are sent.

    Attributes:
        walk_s: simulated seconds of the walk from `top_db` to `bottom_db` and back.
        interval_s: simulated seconds between two images.
        top_db, bottom_db: ends of the walk, Es/N0.
        cut_s: seconds without feedback, around the lowest SNR.
        around_s: seconds before and after the cut that its run lasts.
        fixed_every: the fixed choice is sent in every so manieth interval.
        max_side: photos are scaled down to it.
        seed: of the noise.
    """

    walk_s: float = 60.0
    interval_s: float = 0.25
    top_db: float = 20.0
    bottom_db: float = 0.0
    cut_s: float = 10.0
    around_s: float = 8.0
    fixed_every: int = 3
    max_side: int = 256
    seed: int = 1

    def snr_db(self, at_s: float) -> float:
        """The walk: straight down and straight up again."""
        share = abs(1.0 - 2.0 * at_s / self.walk_s)
        return self.bottom_db + (self.top_db - self.bottom_db) * share

    def times(self, run: str) -> list[float]:
        """When a run's images are sent, simulated seconds."""
        every = self.fixed_every if run == FIXED else 1
        times = [i * self.interval_s for i in range(round(self.walk_s / self.interval_s) + 1)]
        if run == CUT:
            reach = self.cut_s / 2 + self.around_s
            times = [at for at in times if abs(at - self.walk_s / 2) <= reach]
        return times[::every]

    def is_cut(self, at_s: float) -> bool:
        """Whether there is no feedback then, in the run `cut`."""
        return -self.cut_s / 2 <= at_s - self.walk_s / 2 < self.cut_s / 2


def walk(
    plan: Walk,
    config: LoopConfig,
    table: RateTable,
    photos: Sequence[Photo],
    step: Callable[[str], None] = lambda note: None,
) -> list[dict[str, Any]]:
    """All three runs, a row per image.

    An image counts with its GVIF where it was delivered undamaged and in time, and with 0 where
    not. `gvif_oracle` is what the same table and encoder, told the true SNR of the very image,
    would have sent, counted as if it arrived.

    Args:
        plan: when what is sent.
        config: the link.
        table: the one that its controller walks on.
        photos: take turns, uint8 H×W×3.
        step: called after each image.

    Raises:
        UserError: no such weights or tables.
    """
    from gensc_models.semantics.filtering import CriticalEncoder
    from gnuradio.gensc.codecs import load_bank, load_importance

    rows = [row for run in RUNS for row in _walk(run, plan, config, table, photos, step)]
    encoder = CriticalEncoder(load_bank(config.bank), load_importance(config.importance))
    oracle = Oracle(table, encoder, photos)
    for row in rows:
        row["gvif_oracle"] = oracle.gvif(row["image"], row["snr_db"])
    return rows


def _walk(
    run: str,
    plan: Walk,
    config: LoopConfig,
    table: RateTable,
    photos: Sequence[Photo],
    step: Callable[[str], None],
) -> Iterator[dict[str, Any]]:
    """One run."""
    from gensc.transmitter.closed_loop import ClosedLoop

    start = plan.times(run)[0]
    fixed = table.at((plan.top_db + plan.bottom_db) / 2) if run == FIXED else None
    with ClosedLoop(config, fixed, plan.seed, plan.snr_db(start)) as loop:
        if fixed is None:
            # The loop has been running before the measurement begins.
            for i in range(3):
                loop.send(photos[0], 60_000 + i, plan.snr_db(start), start - 0.2 * (3 - i))
        for i, at_s in enumerate(plan.times(run)):
            snr_db, image = plan.snr_db(at_s), i % len(photos)
            loop.feedback.set_enabled(not (run == CUT and plan.is_cut(at_s)))
            passed = loop.send(photos[image], i, snr_db, at_s)
            about = {"run": run, "at_s": at_s, "image": image, "snr_db": snr_db}
            encoded = {name: getattr(passed, name) for name in ENCODED}
            gvif = passed.gvif if passed.delivered else 0.0
            yield about | encoded | {"row_db": passed.choice.snr_db, "gvif": gvif}
            step(f"{run} at {at_s:g} s, {snr_db:.1f} dB")
