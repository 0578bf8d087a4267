"""The acceptance list of `gensc bench gened`, and the figures it is held against."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from gensc.bench.gened import ablation, counts, importance, speed
from gensc.bench.gened.flowgraph import losses
from gensc.bench.gened.plots import CHANNELS
from gensc.bench.gened.points import Mean, Points
from gensc.bench.gened.schemes import EDITED, GENED, ORDER, SINGLE, SWIN
from gensc.experiment.base import Check
from gensc_models.codecs.gened.config import VARIANTS

NAMES = {SWIN: "SwinJSCC", SINGLE: "the single branch"}
#: SwinJSCC with SNR and rate modulation, base, authors' weights: Kodak, AWGN, CBR 1/24; dB by SNR.
PUBLISHED = {1.0: 28.35, 4.0: 29.73, 7.0: 30.79, 10.0: 31.55}
PUBLISHED_RATE = 32
STRIP_PHOTOS = 10


def all_checks(
    points: Points,
    flowgraph: Points,
    rows: list[dict[str, Any]],
    dataset: str,
    strip_photos: int,
) -> Iterable[Check]:
    """Every line; NaN, which counts as not met, where something was not measured."""
    for what, where, channels in (
        (flowgraph, "through GNU Radio", ("awgn", "fading")),
        (points, "torch", ("awgn", "rayleigh")),
    ):
        for channel in channels:
            yield from _leads(what, dataset, where, channel)
    yield _lost(flowgraph)
    yield _perceptual(points, dataset)
    yield from _counts(points, flowgraph, rows)
    yield from _published(points, dataset)
    yield from _importance(rows)
    yield from _ablations(rows)
    yield from _speed(rows)
    yield Check("photos in the strip of Figure 11", strip_photos, "", ">=", STRIP_PHOTOS)


def leads(points: Points, ours: str, theirs: str, metric: str, **place: Any) -> list[float]:
    """By how much one scheme leads another wherever both were measured."""
    others = {_where(p): _value(getattr(p, metric)) for p in points.of(scheme=theirs, **place)}
    found = [(_where(p), getattr(p, metric)) for p in points.of(scheme=ours, **place)]
    differences = [_value(v) - others[where] for where, v in found if where in others]
    return [d for d in differences if not math.isnan(d)]


def _where(point: Any) -> tuple[Any, ...]:
    return point.dataset, point.channel, point.rate, point.snr_db


def _value(mean: Mean) -> float:
    return math.nan if mean is None else mean


def _leads(points: Points, dataset: str, where: str, channel: str) -> Iterable[Check]:
    for theirs, name in NAMES.items():
        found = leads(points, GENED, theirs, "foreground_psnr", dataset=dataset, channel=channel)
        above = sum(lead > 0.0 for lead in found)
        yield Check(
            f"foreground PSNR over {name}, {where}, {CHANNELS[channel]}, least over all points",
            min(found, default=math.nan),
            "dB",
            ">=",
            0.0,
            f"above at {above} of {len(found)} points, equal symbols",
        )


def _lost(flowgraph: Points) -> Check:
    found = flowgraph.of(scheme=GENED)
    lost, sent = sum(p.lost for p in found), sum(p.images for p in found)
    share = 100.0 * lost / sent if sent else math.nan
    reference = f"{sent} sent by each scheme; {losses(flowgraph)}"
    return Check("images lost through GNU Radio", share, "%", "<=", 0.0, reference)


def _perceptual(points: Points, dataset: str) -> Check:
    found = leads(points, EDITED, SWIN, "brisque", dataset=dataset)
    value = sum(found) / len(found) if found else math.nan
    reference = "lower is better; the paper's MLLM editor: 45 % lower"
    return Check("BRISQUE, edited less SwinJSCC, mean over all points", value, "", "<=", 0.0,
                 reference)  # fmt: skip


def _counts(points: Points, flowgraph: Points, rows: list[dict[str, Any]]) -> Iterable[Check]:
    found = [
        r
        for r in rows
        if r["experiment"] == counts.EXPERIMENT
        and (r["image"], r["size"]) == ("mean", f"{counts.SIDE}x{counts.SIDE}")
    ]
    granted = counts.RATE * (counts.SIDE // 16) ** 2
    total, text = (found[0][k] if found else math.nan for k in ("total", "text"))
    yield Check(
        "symbols of a 256x256 image at 1/24, header section and caption included",
        total, "", "<=", granted, "the paper's 8192 are without its caption of about 426",
    )  # fmt: skip
    yield Check(
        "symbols of its caption, mean", text, "", "<=", counts.PAPER_TEXT_SYMBOLS,
        "the paper, 16-QAM; ours: 16-QAM, LDPC 1/2",
    )  # fmt: skip
    for what, where in ((points, "torch"), (flowgraph, "GNU Radio")):
        spreads: dict[tuple[Any, ...], set[float]] = {}
        for p in (p for p in what.of() if p.scheme in ORDER):
            spreads.setdefault(_where(p), set()).add(p.symbols)
        yield Check(
            f"symbols, largest difference between schemes at a point, {where}",
            max((max(s) - min(s) for s in spreads.values()), default=math.nan),
            "", "<=", 0.0, "equal symbols",
        )  # fmt: skip


def _published(points: Points, dataset: str) -> Iterable[Check]:
    place = {"dataset": dataset, "channel": "awgn", "rate": PUBLISHED_RATE}
    for snr_db, theirs in PUBLISHED.items():
        found = points.of(scheme=SWIN, snr_db=snr_db, **place)
        yield Check(
            f"SwinJSCC trained here at {snr_db:g} dB, CBR 1/24, PSNR less {theirs:.2f} dB",
            _value(found[0].psnr) - theirs if found else math.nan,
            "dB",
            ">=",
            0.0,
            "published: Kodak, base network, trained on DIV2K with GPUs; here: these photos, a "
            "fifth of its parameters, hours on two cores",
        )


def _importance(rows: list[dict[str, Any]]) -> Iterable[Check]:
    found = {r["name"]: r for r in rows if r["experiment"] == importance.EXPERIMENT}
    ours = found.get(importance.LEARNED)
    for other in (importance.CENTRE, importance.SPECTRAL):
        for key, name in (("iou", "IoU"), ("f_measure", "F")):
            both = ours is not None and other in found
            yield Check(
                f"predicted importance over {other}, {name}",
                ours[key] - found[other][key] if both and ours else math.nan,
                "", ">=", 0.0, f"{ours[key]:.3f}, {ours['images']} photos" if ours else "",
            )  # fmt: skip


def _ablations(rows: list[dict[str, Any]]) -> Iterable[Check]:
    found = {r["scheme"]: r for r in rows if r["experiment"] == ablation.EXPERIMENT}
    full = found.get(ablation.FULL)
    for variant in VARIANTS:
        if variant != ablation.FULL:
            both = full is not None and variant in found
            yield Check(
                f"full over {variant}, foreground PSNR at {ablation.SNR_DB:g} dB, CBR 1/24",
                full["foreground_psnr"] - found[variant]["foreground_psnr"]
                if both and full
                else math.nan,
                "dB", ">=", 0.0, "Tables I and II, trained equally long",
            )  # fmt: skip


def _speed(rows: list[dict[str, Any]]) -> Iterable[Check]:
    timed = {(r["scheme"], r["precision"]): r for r in rows if r["experiment"] == speed.EXPERIMENT}
    for precision, (encode, decode) in speed.REFERENCE_MS.items():
        row = timed.get((GENED, precision), {})
        base = timed.get((speed.BASE, precision))
        beside = "SwinJSCC base, two cores"
        if base is not None:
            beside += f"; untrained here {base['encode_ms']:.0f} + {base['decode_ms']:.0f} ms"
        for key, end, theirs in (("encode_ms", "encode", encode), ("decode_ms", "decode", decode)):
            yield Check(f"{end} 256x256, {precision}", row.get(key, math.nan), "ms", "<=", theirs,
                        beside)  # fmt: skip
    shares = [r for r in rows if r["experiment"] == speed.SHARE]
    spent = sum(r["selected_ms"] for r in shares), sum(r["all_ms"] for r in shares)
    yield Check(
        "time saved in the foreground branches by computing the selected patches alone",
        100.0 * (1.0 - spent[0] / spent[1]) if shares else math.nan,
        "%",
        ">=",
        0.0,
        f"{100 * shares[0]['selected']:.0f} % of the patches selected" if shares else "",
    )
