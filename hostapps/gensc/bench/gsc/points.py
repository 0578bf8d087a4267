"""What a scheme achieves at an operating point, over all images, and where such points are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gensc.bench.gsc.link import Images

if TYPE_CHECKING:
    from gensc_models.metrics.lpips import Distance

#: Mean squared error below which an image counts as exact: that of rounding to 8 bits. Without a
#: floor one image that comes back exactly would make the mean PSNR infinite.
EXACT_MSE = 1.0 / 12.0


@dataclass
class Point:
    """One scheme at one operating point.

    Attributes:
        experiment: "cifar", "photos" or "mu" (several users).
        scheme: "gsc", "ngf", "deepjscc", "softcast", "jpeg+ldpc+qam" or its scaled form.
        channel: of `gensc_models.channels.single.CHANNELS`.
        rate: channel symbols per 16×16 block.
        snr_db: mean Es/N0.
        separation: "zf" or "mmse" where several users share the channel.
        user: which one.
        symbols: channel symbols of an image.
        mcs: modulation and coding scheme of a digital scheme.
        failed: images of which nothing could be decoded (middle grey is what counts then).
        mse, ms_ssim, lpips: one per image; the error in 8-bit values squared.
    """

    experiment: str
    scheme: str
    channel: str
    rate: int
    snr_db: float
    separation: str | None = None
    user: int | None = None
    symbols: int = 0
    mcs: str | None = None
    failed: int = 0
    mse: list[float] = field(default_factory=list)
    ms_ssim: list[float] = field(default_factory=list)
    lpips: list[float] = field(default_factory=list)

    def add(self, originals: Images, shown: Images, perceptual: Distance | None = None) -> None:
        """Score images of one size, uint8 [N, H, W, 3]."""
        from gensc_models.metrics.fidelity import mse_each, reduced_ms_ssim_each

        self.mse += mse_each(originals, shown).tolist()
        self.ms_ssim += reduced_ms_ssim_each(originals, shown).tolist()
        if perceptual is not None:
            self.lpips += perceptual(originals, shown).tolist()

    @property
    def psnrs(self) -> NDArray[np.float64]:
        """PSNR of every image, dB."""
        return 10.0 * np.log10(255.0**2 / np.maximum(self.mse, EXACT_MSE))

    @property
    def psnr(self) -> float:
        """Mean over the images of their PSNR, dB."""
        return float(np.mean(self.psnrs))

    @property
    def psnr_of_mean_mse(self) -> float:
        """PSNR of the mean squared error over all images, dB: what DeepJSCC's authors report."""
        return float(10.0 * np.log10(255.0**2 / max(float(np.mean(self.mse)), EXACT_MSE)))

    @property
    def key(self) -> tuple[Any, ...]:
        """The coordinates."""
        return (self.experiment, self.scheme, self.channel, self.rate, self.snr_db,
                self.separation, self.user)  # fmt: skip

    def as_row(self) -> dict[str, Any]:
        """As it goes into JSON."""
        return {
            "experiment": self.experiment,
            "scheme": self.scheme,
            "channel": self.channel,
            "rate": self.rate,
            "cbr": self.rate / 768,
            "symbols": self.symbols,
            "snr_db": self.snr_db,
            "separation": self.separation,
            "user": self.user,
            "psnr": self.psnr,
            "psnr_std": float(np.std(self.psnrs)),
            "psnr_of_mean_mse": self.psnr_of_mean_mse,
            "ms_ssim": float(np.mean(self.ms_ssim)),
            "ms_ssim_std": float(np.std(self.ms_ssim)),
            "lpips": float(np.mean(self.lpips)) if self.lpips else None,
            "images": len(self.mse),
            "failed": self.failed,
            "mcs": self.mcs,
        }


class Points:
    """Points by their coordinates."""

    def __init__(self) -> None:
        self._points: dict[tuple[Any, ...], Point] = {}

    def at(self, experiment: str, scheme: str, channel: str, rate: int, snr_db: float,
           separation: str | None = None, user: int | None = None) -> Point:  # fmt: skip
        """The point there, made when it is new."""
        new = Point(experiment, scheme, channel, rate, snr_db, separation, user)
        return self._points.setdefault(new.key, new)

    def put(self, point: Point) -> None:
        """A point made elsewhere."""
        self._points[point.key] = point

    def __iter__(self) -> Iterator[Point]:
        return iter(self._points.values())

    def of(self, experiment: str, **coordinates: Any) -> list[Point]:
        """Points of an experiment with these coordinates, by SNR."""
        found = [
            p
            for p in self._points.values()
            if p.experiment == experiment
            and all(getattr(p, name) == value for name, value in coordinates.items())
        ]
        return sorted(found, key=lambda p: p.snr_db)

    def schemes(self, experiment: str) -> list[str]:
        """Schemes of an experiment, in the order they first came."""
        return list(dict.fromkeys(p.scheme for p in self._points.values()
                                  if p.experiment == experiment))  # fmt: skip
