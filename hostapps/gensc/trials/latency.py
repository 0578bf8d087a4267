"""`gensc bench latency`: from the last sample of a burst to the coarse image on the disk, by step.

The receiver service itself, on a loopback: the times are those that it writes beside every image.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from gensc.experiment.base import BenchResult, Check, Table
from gensc.experiment.figures import Figure, draw_all
from gensc.experiment.rows import Row, of
from gensc.receiver.bus import Bus, Event
from gensc.receiver.config import LoopbackConfig, ReceiverConfig, ReportConfig, SourceConfig
from gensc.receiver.records import STEPS
from gensc.receiver.service import Service

TOTAL = "last sample to disk"
#: Images at the beginning that are left out: weights are loaded, loops compiled.
_WARM = 3
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Settings:
    """A run.

    Attributes:
        models: codecs.
        images: of each.
        interval_s: from image to image.
        snr_db: Es/N0.
        side: longer side of the pictures.
    """

    models: tuple[str, ...] = ("softcast", "deepjscc-photo", "swin-photo")
    images: int = 100
    interval_s: float = 0.4
    snr_db: float = 15.0
    side: int = 256


def run(quick: bool, settings: Settings | None = None) -> BenchResult:
    """Measure every codec; see the checks it returns."""
    settings = settings or Settings()
    if quick:
        settings = replace(settings, models=settings.models[:1], images=12)
    lines: list[Row] = []
    for model in settings.models:
        lines += _measure(model, settings)
    steps = (*STEPS, TOTAL)
    rows = [
        {
            "model": model,
            "step": step,
            **_percentiles([r[step] for r in of(lines, model=model)]),
        }
        for model in settings.models
        for step in steps
    ]
    tidy = [
        {"model": row["model"], "step": row["step"], "ms": row["p50_ms"]}
        for row in rows if row["step"] != TOTAL
    ]  # fmt: skip
    whole = [row for row in rows if row["step"] == TOTAL]
    line = "issue 12: last sample of a burst to the coarse image on disk"
    return BenchResult(
        "latency",
        rows=rows,
        checks=[
            Check(f"{row['model']}: {TOTAL}, 95 of 100", row["p95_ms"], "ms", "<=", 1000.0, line)
            for row in whole
        ],
        tables=[
            Table(f"Milliseconds, {settings.side} pixels", {
                "model": "codec", "step": "step", "p50_ms": "p50", "p95_ms": "p95",
                "images": "images",
            }, rows, 1)
        ],
        figures=draw_all([Figure("latency", x="model", y="ms", hue="step", bars=True)], tidy),
        settings=asdict(settings),
        lines=lines,
    )  # fmt: skip


def _measure(model: str, settings: Settings) -> list[Row]:
    """One row for each image: its steps in ms, and all together."""
    loopback = LoopbackConfig(
        images=("skimage:chelsea", "skimage:astronaut", "skimage:coffee", "skimage:rocket"),
        model=model, channel="awgn", lowest_db=settings.snr_db, highest_db=settings.snr_db,
        interval_s=settings.interval_s, count=settings.images + _WARM, max_side=settings.side,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="gensc-latency-") as folder:
        config = ReceiverConfig(
            archive=str(Path(folder) / "archive"),
            reports=ReportConfig(address=""),
            sources=(SourceConfig("loop", "loopback", loopback=loopback),),
        )
        bus = Bus()
        seen = bus.subscribe(10 * loopback.count + 10_000)
        service = Service(config, bus)
        service.start()
        deadline = time.monotonic() + _PATIENCE_S + 3 * settings.interval_s * loopback.count
        while not service.ended and time.monotonic() < deadline:
            time.sleep(0.1)
        service.close()
    events = [event for event in seen if event.kind == "image"]
    return [_row(model, event) for event in events[_WARM:]]


def _row(model: str, event: Event) -> Row:
    took = event.fields["latency_ms"]
    known = {step: took.get(step, float("nan")) for step in STEPS}
    return {"model": model, "key": event.fields["key"], **known, TOTAL: sum(known.values())}


def _percentiles(values: list[float]) -> Row:
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    p50, p95 = np.percentile(known, (50, 95)) if known.size else (float("nan"),) * 2
    return {"p50_ms": float(p50), "p95_ms": float(p95), "images": int(known.size)}
