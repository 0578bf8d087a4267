"""What `gensc bench codec` measures: a scheme at an operating point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass
class Point:
    """One scheme at one operating point, over all photos.

    Attributes:
        psnr: one per photo, dB.
        failed: photos of which nothing could be shown (middle grey is what counts then).
    """

    scheme: str
    channel: str
    rate: int
    snr_db: float
    design_snr_db: float | None = None
    margin_db: float | None = None
    via: str = "bursts"
    psnr: list[float] = field(default_factory=list)
    failed: int = 0
    symbols: list[int] = field(default_factory=list)
    overhead: list[int] = field(default_factory=list)
    measured_db: list[float] = field(default_factory=list)
    cbr: list[float] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """Mean over photos of the per-image PSNR."""
        return float(np.mean(self.psnr))

    def as_row(self) -> dict[str, Any]:
        """As it goes into JSON."""
        return {
            "scheme": self.scheme,
            "channel": self.channel,
            "via": self.via,
            "rate": self.rate,
            "cbr": float(np.mean(self.cbr)),
            "snr_db": self.snr_db,
            "design_snr_db": self.design_snr_db,
            "margin_db": self.margin_db,
            "snr_measured_db": float(np.mean(self.measured_db)) if self.measured_db else None,
            "psnr": self.mean,
            "psnr_std": float(np.std(self.psnr)),
            "photos": len(self.psnr),
            "failed": self.failed,
            "symbols": float(np.mean(self.symbols)),
            "overhead": float(np.mean(self.overhead)),
        }


def curve(
    points: Iterable[Point], scheme: str, channel: str, rate: int, design: float | None = None
) -> list[Point]:
    """The points of one curve, by SNR."""
    return sorted(
        (
            p
            for p in points
            if (p.scheme, p.channel, p.rate, p.design_snr_db, p.via)
            == (scheme, channel, rate, design, "bursts")
        ),
        key=lambda p: p.snr_db,
    )
