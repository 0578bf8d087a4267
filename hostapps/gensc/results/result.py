"""The results contract: one JSON line per image and operating point.

`Result.as_dict` is the one place that says which fields a line has. What was not computed is
null and `not_computed` says why.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TextIO

from gensc.system.machine import machine, versions
from gensc.system.plain import json_text
from gensc.system.weights import Weights
from gensc_phy.atomic import append, atomic_file

#: How PSNR is computed; written into every line.
PSNR_NOTE = "on uint8 images, per image"
#: The reason for a metric that nobody wanted.
NOT_ASKED = "not asked for"
#: Quality metrics of a line, in order.
METRICS = (
    "psnr", "ssim", "ms_ssim", "lpips", "st_lpips", "clip_score", "brisque", "top1", "top5",
    "mask_psnr", "gvif",
)  # fmt: skip


@dataclass(frozen=True)
class Symbols:
    """Complex channel symbols spent on one image.

    `overhead` is everything on the air that is not payload (preamble, training, headers, pilots,
    fill), counted in the same unit.
    """

    analog: int = 0
    digital: int = 0
    text: int = 0
    overhead: int = 0

    @property
    def payload(self) -> int:
        """Analog, digital and text symbols together."""
        return self.analog + self.digital + self.text

    def as_dict(self) -> dict[str, int]:
        """The four counts."""
        return {
            "analog": self.analog,
            "digital": self.digital,
            "text": self.text,
            "overhead": self.overhead,
        }


@dataclass
class Result:
    """What became of one image at one operating point.

    Attributes:
        image: name of the picture.
        shape: (height, width, 3).
        scheme: codec or baseline, e.g. "deepjscc-photo" or "jpeg+ldpc+qam"; a refined image's is
            "codec+refiner".
        weights: None for schemes without weights.
        refiner: weights that refined the image; None where it is as the decoder gave it.
        channel: awgn, rayleigh, rayleigh-fast, multipath, fading or none.
        via: what carried the symbols: "flowgraph" (GNU Radio), "bursts" (the same waveform in
            NumPy) or "torch" (no waveform at all).
        csi: whether the receiver estimated its channel or was told ("perfect").
        snr_db: Es/N0 asked for; None without noise or where unknown (over the air).
        snr_measured_db: mean of the receiver's estimates over the image's bursts.
        symbols: channel symbols spent.
        received: whether anything of the image was received.
        metrics: those of `METRICS` that were computed.
        reasons: metric → why it was not computed, where the general reason does not fit.
        latency_ms: stage → milliseconds.
        fragments, fragments_lost: bursts of the analog section, and how many never arrived.
        text: caption received, None where none was sent; of a damaged one what is whole.
        text_ok: whether its CRC holds.
        text_state: "exact", "repaired" (cut down to what is whole) or "dropped".
        seed: of channel and noise.
        extra: further facts of the scheme (MCS, JPEG quality, bytes …).
    """

    image: str
    shape: tuple[int, int, int]
    scheme: str
    channel: str
    symbols: Symbols
    via: Literal["flowgraph", "bursts", "torch", "air"]
    weights: Weights | None = None
    refiner: Weights | None = None
    image_id: int | None = None
    csi: Literal["estimated", "perfect"] = "estimated"
    snr_db: float | None = None
    snr_measured_db: float | None = None
    received: bool = True
    metrics: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    latency_ms: dict[str, float] = field(default_factory=dict)
    fragments: int | None = None
    fragments_lost: int | None = None
    text: str | None = None
    text_ok: bool | None = None
    text_state: str | None = None
    seed: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def cbr(self) -> float:
        """Bandwidth ratio: payload symbols ÷ (3·H·W); NaN of an image without pixels."""
        height, width, channels = self.shape
        values = height * width * channels
        return self.symbols.payload / values if values else math.nan

    def as_dict(self) -> dict[str, Any]:
        """The JSON line as a dict; numbers are rounded, NaN and infinities are null."""
        metrics = {name: _number(self.metrics.get(name), 4) for name in METRICS}
        missing = {
            name: self.reasons.get(name, NOT_ASKED)
            for name, value in metrics.items()
            if value is None
        }
        return {
            "image": self.image,
            "image_id": self.image_id,
            "shape": list(self.shape),
            "scheme": self.scheme,
            "weights": self.weights.id if self.weights else None,
            "weights_sha256": self.weights.sha256 if self.weights else None,
            "refiner": self.refiner.id if self.refiner else None,
            "refiner_sha256": self.refiner.sha256 if self.refiner else None,
            "channel": self.channel,
            "via": self.via,
            "csi": self.csi,
            "snr_db": _number(self.snr_db, 4),
            "snr_measured_db": _number(self.snr_measured_db, 4),
            "cbr": _number(self.cbr, 8),
            "symbols": self.symbols.as_dict(),
            "received": self.received,
            "fragments": self.fragments,
            "fragments_lost": self.fragments_lost,
            "text": self.text,
            "text_ok": self.text_ok,
            "text_state": self.text_state,
            **metrics,
            "not_computed": missing,
            "psnr_computed": PSNR_NOTE,
            "latency_ms": {stage: _number(ms, 2) for stage, ms in self.latency_ms.items()},
            "seed": self.seed,
            **({"extra": self.extra} if self.extra else {}),
            "cpu": machine()["cpu"],
            "versions": versions(),
        }


def write_line(stream: TextIO, result: Result | dict[str, Any]) -> None:
    """Append one line at once: what has been received survives whatever comes next.

    Args:
        stream: an open file that nothing else is written to.

    Raises:
        OSError: it cannot be written (a full disk); nothing of the line is in the file then.
    """
    append(stream.fileno(), _line(result).encode("utf-8"))


def write_results(path: Path, results: Iterable[Result | dict[str, Any]]) -> None:
    """Write a whole file of lines, replacing what was there when all are written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        for result in results:
            file.write(_line(result).encode("utf-8"))


def _line(result: Result | dict[str, Any]) -> str:
    line = result if isinstance(result, dict) else result.as_dict()
    return json_text(line, ensure_ascii=False) + "\n"


def _number(value: float | None, digits: int) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return round(float(value), digits)
