"""The tables that `gensc bench gened` prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gensc.bench.gened import ablation, counts, importance, speed
from gensc.bench.gened.plots import CHANNELS, METRICS, known_metrics
from gensc.bench.gened.points import Points
from gensc.experiment.base import Table

COUNTED = {
    "image": "image",
    "size": "size",
    "foreground": "foreground",
    "background": "background",
    "side": "header section",
    "mask_bits": "mask bits",
    "text": "caption",
    "text_bytes": "caption bytes",
    "total": "all symbols",
}
JUDGED = {"variant": "variant", "foreground_psnr": "foreground PSNR", "psnr": "PSNR",
          "brisque": "BRISQUE", "lpips": "LPIPS", "clip_score": "CLIP-Score",
          "mask_iou": "mask IoU", "steps": "steps of training"}  # fmt: skip


def all_tables(points: Points, flowgraph: Points, rows: list[dict[str, Any]]) -> Iterable[Table]:
    """Quality by channel and bandwidth ratio, flowgraph, ablations, importance, counts, speed."""
    for metric in known_metrics(points.of(), ("foreground_psnr", "psnr", "brisque", "ms_ssim")):
        yield from quality(points, metric, "")
    yield from quality(flowgraph, "foreground_psnr", " through GNU Radio")
    for name in ablation.TABLES:
        found = [r for r in rows if (r["experiment"], r.get("table")) == ("ablation", name)]
        if found:
            title = f"Table {name}: {ablation.SNR_DB:g} dB, AWGN, CBR 1/{768 // ablation.RATE}"
            yield Table(title, JUDGED, [{"variant": r["scheme"], **r} for r in found])
    yield from _plain(rows, importance.EXPERIMENT, "Importance beside the marked foregrounds",
                      {"name": "source", "f_measure": "F", "iou": "IoU", "mae": "MAE",
                       "images": "photos"}, 3)  # fmt: skip
    yield from _plain(rows, counts.EXPERIMENT, "Symbols of an image at CBR 1/24, 4 dB", COUNTED, 0)
    yield from _plain(rows, speed.EXPERIMENT, "Coding 256x256",
                      {"scheme": "scheme", "precision": "precision", "threads": "threads",
                       "encode_ms": "encode, ms", "decode_ms": "decode, ms"}, 0)  # fmt: skip
    yield from _plain(rows, speed.SHARE, "Computing the selected patches alone",
                      {"part": "part", "selected": "selected", "selected_ms": "ms",
                       "all_ms": "all patches, ms", "saved": "saved"})  # fmt: skip


def quality(points: Points, metric: str, via: str) -> Iterable[Table]:
    """One table per data set, channel and bandwidth ratio; one column per scheme."""
    known = [p for p in points.of() if getattr(p, metric) is not None]
    for dataset, channel, rate in dict.fromkeys((p.dataset, p.channel, p.rate) for p in known):
        columns, lines = {"snr": "Es/N0 dB"}, {}
        for p in (p for p in known if (p.dataset, p.channel, p.rate) == (dataset, channel, rate)):
            columns[p.scheme] = p.scheme
            line = lines.setdefault(p.snr_db, {"snr": f"{p.snr_db:g}"})
            line[p.scheme] = getattr(p, metric)
            if p.lost:
                columns[f"{p.scheme} lost"] = "lost"
                line[f"{p.scheme} lost"] = f"{p.lost}/{p.images}"
        where = f"{dataset}, {CHANNELS.get(channel, channel)}, CBR 1/{768 // rate}"
        yield Table(f"{METRICS[metric]}{via}: {where}", columns, list(lines.values()))


def _plain(
    rows: list[dict[str, Any]], experiment: str, title: str, columns: dict[str, str],
    digits: int = 2,
) -> Iterable[Table]:  # fmt: skip
    """The rows of an experiment as they are; nothing where there are none."""
    found = [r for r in rows if r["experiment"] == experiment]
    if found:
        yield Table(title, columns, found, digits)
