"""The choice of operating point and threshold as an optimisation problem (GVIF-CIE, Eq. 31).

Maximise the expected GVIF over the threshold alpha and the operating point Phi, such that

    E{B(Phi, alpha; x)} fits what the link carries in T_max      (31a)
    Phi is one of the bank's operating points                    (31b)
    D <= D0 on the critical region                               (31c)
    0 <= alpha <= alpha_th                                       (31d)

(31c) names D(Phi) but means the region that is sent, and its error depends on alpha as well: D is
taken as the mean squared error of the pixels sent at alpha. That bounds alpha from above, for each
Phi apart, so (31c) and (31d) together say alpha <= alpha_th(Phi); a Phi that misses D0 already
with everything sent is not in the set G.

V, B and D are measured (`measure`) on images x at every operating point and on a grid of
thresholds; between the thresholds they are interpolated linearly, as Algorithm 1 needs them
anywhere. All expectations are means over the images.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc.adapt.transport import Budget, Transport

PEAK = 255.0
"""Largest value of a pixel; PSNRs refer to it."""


@dataclass(frozen=True, eq=False)
class Family:
    """What a codec bank does to images: P operating points, A thresholds, N images.

    Attributes:
        points: names of the operating points, [P].
        alphas: thresholds of the semantic filter, rising from 0, [A].
        bits: length of the container with mask and header, bits, [N, P, A].
        gvif: V(Phi, alpha; x) of Eq. 27, [N, P, A]; never rises with alpha.
        mse: mean squared error of the pixels that were sent, [N, P, A]; 0 where none was.
        source: codec and images, for people.
    """

    points: tuple[int, ...]
    alphas: NDArray[np.float64]
    bits: NDArray[np.float64]
    gvif: NDArray[np.float64]
    mse: NDArray[np.float64]
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together or hold impossible values, by name."""
        for name in ("alphas", "bits", "gvif", "mse"):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            if not np.isfinite(values).all():
                raise ValueError(f"{name}: not all finite")
            object.__setattr__(self, name, values)
        if len(set(self.points)) != len(self.points) or not self.points:
            raise ValueError(f"points {self.points}: must be there and differ")
        grid = self.alphas
        if grid.ndim != 1 or grid.size < 2 or grid[0] != 0 or grid[-1] > 1:
            raise ValueError("alphas must be at least two thresholds from 0 to at most 1")
        if (np.diff(grid) <= 0).any():
            raise ValueError("alphas must rise")
        shape = (self.bits.shape[0] if self.bits.ndim else 0, len(self.points), grid.size)
        for name in ("bits", "gvif", "mse"):
            if getattr(self, name).shape != shape or not shape[0]:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, not {shape}")
        if (self.bits <= 0).any() or (self.mse < 0).any():
            raise ValueError("bits must be positive, mse not negative")
        if (self.gvif < 0).any() or (self.gvif > 1 + 1e-9).any():
            raise ValueError("gvif must lie in 0 … 1")
        if (np.diff(self.gvif, axis=2) > 1e-9).any():
            raise ValueError("gvif rises with alpha: more was filtered out and more arrived")

    @cached_property
    def expected_bits(self) -> NDArray[np.float64]:
        """E{B}, the source rate of Eq. 6, [P, A]."""
        return self.bits.mean(axis=0)

    @cached_property
    def expected_gvif(self) -> NDArray[np.float64]:
        """E{V}, [P, A]."""
        return self.gvif.mean(axis=0)

    @cached_property
    def mask_psnr_db(self) -> NDArray[np.float64]:
        """PSNR in dB of the mean squared error of the pixels sent, [P, A].

        That is never above the mean of the images' own PSNRs.
        """
        with np.errstate(divide="ignore"):
            return 10.0 * np.log10(PEAK**2 / self.mse.mean(axis=0))

    def only(self, image: int) -> Family:
        """What the bank does to one of the images alone."""
        own = slice(image, image + 1)
        return replace(self, bits=self.bits[own], gvif=self.gvif[own], mse=self.mse[own])

    def coarsest(self, mask_psnr_floor_db: float) -> int:
        """The point of the largest name that meets a floor with everything sent; else the least."""
        whole = zip(self.points, self.mask_psnr_db[:, 0], strict=True)
        return max((p for p, db in whole if db >= mask_psnr_floor_db), default=min(self.points))

    def as_rows(self) -> Iterator[dict[str, Any]]:
        """Expectations at every operating point and threshold (Figure 7)."""
        for p, point in enumerate(self.points):
            for a, alpha in enumerate(self.alphas):
                yield {
                    "level": point,
                    "alpha": float(alpha),
                    "images": len(self.bits),
                    "gvif": float(self.expected_gvif[p, a]),
                    "mask_psnr": float(self.mask_psnr_db[p, a]),
                    "kbit": float(self.expected_bits[p, a]) / 1e3,
                }

    @property
    def disorder(self) -> int:
        """Neighbours in which GVIF does not rise with mask PSNR or fall with alpha (Figure 7).

        Counted are pairs of points, in the order of their names, in which GVIF or mask PSNR does
        not fall, and pairs of thresholds in which GVIF rises.
        """
        order = np.argsort(self.points)
        down, across = (np.diff(self.expected_gvif[order], axis=axis) for axis in (0, 1))
        quality = np.diff(self.mask_psnr_db[order], axis=0)
        return int((down >= 0).sum() + (quality >= 0).sum() + (across > 1e-12).sum())


def covering(family: Family, share: float) -> Family:
    """The family with bits that cover a share of the images instead of their mean.

    (31a) bounds the mean, so about half of the images take longer than T_max. Here every
    container's length is scaled such that the mean at each operating point and threshold is the
    length that `share` of the images stay within.

    Raises:
        ValueError: a share outside 0 … 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share {share}: must lie in 0 … 1")
    enough = np.quantile(family.bits, share, axis=0, method="higher")
    return replace(
        family,
        bits=family.bits * (enough / family.expected_bits),
        source=f"{family.source}, bits for {share:.0%} of them",
    )


@dataclass(frozen=True, eq=False)
class Problem:
    """Problem (31) at several SNRs at once: S of them.

    Attributes:
        family: the bank's measured behaviour.
        transport: the link, with T_max and bandwidth.
        snrs_db: Es/N0 in dB, rising, [S].
        mask_psnr_floor_db: D0 as a PSNR, 10 log10(255² / D0).
        alpha_max: alpha_th, which protects the most important features.
    """

    family: Family
    transport: Transport
    snrs_db: tuple[float, ...]
    mask_psnr_floor_db: float = 30.0
    alpha_max: float = 0.8

    def __post_init__(self) -> None:
        """Refuse SNRs out of order and a largest threshold outside the measured ones."""
        steps = np.diff(self.snrs_db)
        if not self.snrs_db or not np.isfinite(self.snrs_db).all() or (steps <= 0).any():
            raise ValueError("the SNRs must be finite and rise")
        if not 0 <= self.alpha_max <= self.family.alphas[-1] + 1e-12:
            raise ValueError(
                f"alpha_max {self.alpha_max:g}: measured are 0 … {self.family.alphas[-1]:g}"
            )

    @cached_property
    def budgets(self) -> tuple[Budget, ...]:
        """What the link carries in T_max at every SNR, [S]."""
        return tuple(self.transport.budget(snr) for snr in self.snrs_db)

    @cached_property
    def budget_bits(self) -> NDArray[np.float64]:
        """Their bits, [S]."""
        return np.array([budget.bits for budget in self.budgets])

    @cached_property
    def in_reach(self) -> NDArray[np.bool_]:
        """Which thresholds of the grid (31d) allows, [A]."""
        return self.family.alphas <= self.alpha_max + 1e-12

    @cached_property
    def good_enough(self) -> NDArray[np.bool_]:
        """Where the mean squared error of the pixels sent is at most D0, [P, A]."""
        return self.family.mse.mean(axis=0) <= PEAK**2 / 10 ** (self.mask_psnr_floor_db / 10)

    @cached_property
    def allowed(self) -> NDArray[np.bool_]:
        """Choices that satisfy (31c) and (31d), [P, A]: for each point thresholds from 0 up."""
        return np.logical_and.accumulate(self.good_enough & self.in_reach, axis=1)

    @cached_property
    def feasible_points(self) -> NDArray[np.bool_]:
        """The set G of step 1 of Algorithm 1, [P]."""
        return self.allowed.any(axis=1)

    @cached_property
    def largest_alpha(self) -> NDArray[np.float64]:
        """alpha_th(Phi), [P]; 0 outside G."""
        return np.where(self.allowed, self.family.alphas, 0.0).max(axis=1)


@dataclass(frozen=True, eq=False)
class Solution:
    """One choice per SNR, on the grid; [S] each.

    Attributes:
        feasible: all constraints can be met; elsewhere the other fields mean nothing.
        point: index into `family.points`.
        alpha: index into `family.alphas`.
        gvif: expected GVIF of the choice; 0 where there is none.
    """

    feasible: NDArray[np.bool_]
    point: NDArray[np.int64]
    alpha: NDArray[np.int64]
    gvif: NDArray[np.float64]


def best(problem: Problem, alpha: NDArray[np.int64], feasible: NDArray[np.bool_]) -> Solution:
    """The operating point of the largest expected GVIF, each at its own threshold (Eq. 39).

    Args:
        problem: what is solved.
        alpha: index of each point's threshold, [S, P].
        feasible: the point at that threshold meets all constraints, [S, P].
    """
    every = np.arange(alpha.shape[1])
    gvif = np.where(feasible, problem.family.expected_gvif[every, alpha], -np.inf)
    bits = problem.family.expected_bits[every, alpha]
    # Of equal fidelities the cheapest.
    tied = gvif >= gvif.max(axis=1, keepdims=True) - 1e-12
    point = np.where(tied & feasible, bits, np.inf).argmin(axis=1)
    row = np.arange(len(point))
    some = feasible.any(axis=1)
    return Solution(some, point, alpha[row, point], np.where(some, gvif[row, point], 0.0))
