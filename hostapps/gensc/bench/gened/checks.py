"""The acceptance list of `gensc bench gened`, and the figures it is held against."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from gensc.bench.gened.costs import RATE, SIDE
from gensc.bench.gened.importance import CENTRE, LEARNED, SPECTRAL
from gensc.bench.gened.quality import FULL, PUBLISHED, SNR_DB
from gensc.bench.gened.schemes import EDITED, GENED, LABELS, SINGLE, SWIN
from gensc.experiment.base import Check
from gensc.experiment.means import lead
from gensc.experiment.rows import Row, groups, of
from gensc_models.codecs.gened.config import VARIANTS

#: SwinJSCC, base, without modulation, on two cores: milliseconds to encode and to decode.
REFERENCE_MS = {"float32": (321.0, 288.0), "bfloat16": (133.0, 102.0)}
PAPER_TEXT_SYMBOLS = 426
STRIP_PHOTOS = 10
NAMES = {"awgn": "AWGN", "rayleigh": "block Rayleigh", "fading": "fading"}
PLACE = ("dataset", "channel", "rate", "snr_db")


def losses(points: Sequence[Row]) -> str:
    """How many photos were lost through GNU Radio, in words."""
    lost = {key["scheme"]: sum(p["lost"] for p in found)
            for key, found in groups(of(points, via="flowgraph"), ("scheme",))}  # fmt: skip
    named = ", ".join(f"{scheme} {count}" for scheme, count in lost.items() if count)
    return f"lost and counted as grey: {named or 'none'}"


def all_checks(
    points: Sequence[Row], rows: Sequence[Row], dataset: str, strip_photos: int
) -> Iterator[Check]:
    """Every line; NaN, which counts as not met, where something was not measured."""
    for via, where, channel in (
        ("flowgraph", "through GNU Radio", "awgn"), ("flowgraph", "through GNU Radio", "fading"),
        ("torch", "torch", "awgn"), ("torch", "torch", "rayleigh"),
    ):  # fmt: skip
        here = of(points, via=via, dataset=dataset, channel=channel)
        for theirs, name in ((SWIN, "SwinJSCC"), (SINGLE, "the single branch")):
            ahead = list(lead(here, GENED, theirs, "foreground_psnr").values())
            above = f"above at {sum(v > 0 for v in ahead)} of {len(ahead)} points, equal symbols"
            yield Check.worst(f"foreground PSNR over {name}, {where}, {NAMES[channel]}, least "
                              "over all points", ahead, "dB", ">=", 0.0, above)  # fmt: skip
    sent = of(points, via="flowgraph", scheme=GENED)
    lost, count = (sum(p[key] for p in sent) for key in ("lost", "rows"))
    yield Check("images lost through GNU Radio", _share(lost, count), "%", "<=", 0.0,
                f"{count} sent by each scheme; {losses(points)}")  # fmt: skip
    torch = of(points, via="torch", dataset=dataset)
    brisque = lead(torch, EDITED, SWIN, "brisque").values()
    yield Check("BRISQUE, edited less SwinJSCC, mean over all points",
                _share(sum(brisque), len(brisque)) / 100.0, "", "<=", 0.0,
                "lower is better; the paper's MLLM editor: 45 % lower")  # fmt: skip
    yield from _symbols(points, of(rows, experiment="counts", image="mean", size=f"{SIDE}x{SIDE}"))
    beside = {r["snr_db"]: r["psnr"] - r["published"] for r in of(rows, experiment="published")}
    for snr_db, theirs_db in PUBLISHED.items():
        yield Check.worst(
            f"SwinJSCC trained here at {snr_db:g} dB, CBR 1/24, PSNR less {theirs_db:.2f} dB",
            [beside.get(snr_db)], "dB", ">=", 0.0,
            "published: Kodak, base network, trained on DIV2K with GPUs; here: these photos, a "
            "fifth of its parameters, hours on two cores",
        )  # fmt: skip
    sources = of(rows, experiment="importance")
    said = next((f"{r['iou']:.3f}, {r['images']} photos" for r in of(sources, name=LEARNED)), "")
    for other in (CENTRE, SPECTRAL):
        for key, name in (("iou", "IoU"), ("f_measure", "F")):
            ahead = list(lead(sources, LEARNED, other, key, ("dataset",), "name").values())
            yield Check.worst(f"predicted importance over {other}, {name}", ahead, "", ">=", 0.0,
                              said)  # fmt: skip
    for variant in (v for v in VARIANTS if v != FULL):
        full = lead(of(rows, experiment="ablation"), FULL, variant, "foreground_psnr", ("snr_db",))
        yield Check.worst(f"full over {variant}, foreground PSNR at {SNR_DB:g} dB, CBR 1/24",
                          full.values(), "dB", ">=", 0.0,
                          "Tables I and II, trained equally long")  # fmt: skip
    yield from _times(rows)
    yield Check("photos in the strip of Figure 11", strip_photos, "", ">=", STRIP_PHOTOS)


def _share(part: float, whole: float) -> float:
    """Percent; NaN of nothing."""
    return 100.0 * part / whole if whole else math.nan


def _symbols(points: Sequence[Row], mean: Sequence[Row]) -> Iterator[Check]:
    """Of an image of the paper's size, and equal for all schemes."""
    yield Check.worst("symbols of a 256x256 image at 1/24, header section and caption included",
                      [r["total"] for r in mean], "", "<=", RATE * (SIDE // 16) ** 2,
                      "the paper's 8192 are without its caption of about 426")  # fmt: skip
    yield Check.worst("symbols of its caption, mean", [r["text"] for r in mean], "", "<=",
                      PAPER_TEXT_SYMBOLS, "the paper, 16-QAM; ours: 16-QAM, LDPC 1/2")  # fmt: skip
    for via, where in (("torch", "torch"), ("flowgraph", "GNU Radio")):
        places = groups(of(points, via=via, scheme=tuple(LABELS)), PLACE)
        counts = [[p["symbols"] for p in found] for _, found in places]
        yield Check.worst(f"symbols, largest difference between schemes at a point, {where}",
                          [max(c) - min(c) for c in counts], "", "<=", 0.0,
                          "equal symbols")  # fmt: skip


def _times(rows: Sequence[Row]) -> Iterator[Check]:
    """Of coding, and of computing the selected patches alone."""
    timed = of(rows, experiment="speed")
    for precision, reference in REFERENCE_MS.items():
        beside = "SwinJSCC base, two cores"
        for r in (r for r in of(timed, precision=precision) if "untrained" in r["scheme"]):
            beside += f"; untrained here {r['encode_ms']:.0f} + {r['decode_ms']:.0f} ms"
        for end, theirs in zip(("encode", "decode"), reference, strict=True):
            ours = of(timed, scheme=GENED, precision=precision)
            yield Check.worst(f"{end} 256x256, {precision}", [r[f"{end}_ms"] for r in ours], "ms",
                              "<=", theirs, beside)  # fmt: skip
    shares = of(rows, experiment="selected patches")
    spent = _share(sum(r["selected_ms"] for r in shares), sum(r["all_ms"] for r in shares))
    yield Check("time saved in the foreground branches by computing the selected patches alone",
                100.0 - spent, "%", ">=", 0.0,
                f"{100 * shares[0]['selected']:.0f} % of the patches selected" if shares else "",
                )  # fmt: skip
