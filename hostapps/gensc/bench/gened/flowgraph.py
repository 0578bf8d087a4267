"""The same comparison through GNU Radio: frames, OFDM, and a receiver that estimates its channel.

A picture that is lost counts as middle grey, for every scheme alike, and is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product

from gensc.bench.gened.data import Marked, MarkedSet
from gensc.bench.gened.points import Place, Points, Scored
from gensc.bench.gened.schemes import Counts
from gensc.bench.gsc.link import seed_of
from gensc.experiment.baselines.jpeg import grey
from gensc.link.run import LinkRunner
from gensc.results.quality import score
from gensc.results.result import Symbols
from gensc.system.errors import UserError

FLOWGRAPH = "flowgraph"


@dataclass(frozen=True)
class FlowgraphPlan:
    """How much is run: photos, and the operating points whose product is run."""

    photos: int = 6
    channels: Sequence[str] = ("awgn", "fading")
    rates: Sequence[int] = (16, 32, 64)
    snrs_db: Sequence[float] = (0, 5, 10, 15)

    def steps(self, schemes: int) -> int:
        """Steps of progress."""
        return schemes * len(self.rates) * len(self.channels) * len(self.snrs_db)


def through_gnuradio(
    photos: MarkedSet,
    models: dict[str, str],
    plan: FlowgraphPlan,
    seed: int,
    step: Callable[[str], None] = lambda note: None,
) -> tuple[Points, dict[str, str]]:
    """Every scheme on the first photos at every operating point, and why one is left out.

    Args:
        photos: with their foregrounds.
        models: scheme → name or folder of its weights.
        plan: how much.
        seed: of channels and noise, the same for all schemes.
        step: called after each scheme and operating point.
    """
    points, missing = Points(FLOWGRAPH), {}
    chosen = photos.first(plan.photos)
    for (scheme, model), rate in product(models.items(), plan.rates):
        try:
            runner = LinkRunner(model, rate)
        except UserError as error:
            missing[f"GNU Radio: {scheme}"] = str(error)
            continue
        for channel, snr_db in product(plan.channels, plan.snrs_db):
            place = Place(photos.title, channel, rate, snr_db)
            for number, image in enumerate(chosen.photos):
                draw = seed_of(seed, round(100 * (snr_db + 100)), number) % (1 << 30)
                _send(runner, scheme, image, place, draw, points)
            step(f"GNU Radio, {scheme}, CBR 1/{768 // rate}, {channel} at {snr_db:g} dB")
    return points, missing


def _send(
    runner: LinkRunner, scheme: str, image: Marked, place: Place, seed: int, points: Points
) -> None:
    """One photo through the flowgraph, scored and noted as a line."""
    size = image.photo.shape[:2]
    try:
        got = runner.send(
            image.photo, image.name, snr_db=place.snr_db, channel=place.channel, seed=seed
        )
    except UserError:
        # Header section and all do not fit in so few symbols.
        got = None
    picture = grey(*size) if got is None or got.image is None else got.image
    lost = got is None or got.image is None
    metrics, reasons = score(image.photo, picture, effort="psnr", mask=image.foreground)
    sent = got.symbols if got is not None else Symbols()
    counts = Counts(analog=sent.analog, side=sent.digital, text=sent.text)
    points.scored.append(Scored(place, scheme, image.name, counts, metrics, reasons, lost=lost))
    if got is not None:
        result = runner.result(got, effort="psnr")
        shown = result if lost else replace(result, metrics=metrics, reasons=reasons)
        points.lines.append(replace(shown, scheme=scheme))


def losses(points: Points) -> str:
    """How many photos were lost, in words."""
    lost = {scheme: sum(p.lost for p in points.of(scheme=scheme)) for scheme in points.schemes()}
    named = ", ".join(f"{scheme} {count}" for scheme, count in lost.items() if count)
    return f"lost and counted as grey: {named or 'none'}"
