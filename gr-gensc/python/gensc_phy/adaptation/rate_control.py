"""The rate that follows the channel: measured SNRs in, a row of a rate table out.

From a report to a row, and what happens without one:

    SNR -> level and spread -> less the margins -> hysteresis -> row
    silence -> down, row by row, to the most robust one
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from gensc_phy.adaptation.rate_table import Choice, RateTable

MEASUREMENT_DB = 0.2
"""Deviation that a single report has at least; a slope below it is none."""


@dataclass(frozen=True)
class ControlConfig:
    """How careful a controller is.

    The defaults are for single bursts' reports and rows that begin at their schemes' thresholds.
    With one report per image, of less than 0.1 dB deviation, and rows that keep 0.4 dB themselves,
    0.1 dB of margin and hysteresis are enough: on a channel that walks at 2/3 dB/s no image of 241
    was lost, with 96 % of the GVIF of a choice by the true SNR (`gensc.bench.cie.loop`).

    Attributes:
        margin_db: kept below the SNR in any case: measurement error, and what the channel may
            lose until the next report.
        spread_factor: standard deviations of the measured SNR kept below its mean besides
            (outage margin on a channel that fades).
        hysteresis_db: how far above a row's SNR the channel must be before the row is taken. SNRs
            that wander within w dB move the usable SNR by at most w (1 + spread_factor / 2), and
            while that is below the hysteresis no row is left again after it was taken.
        time_constant_s: memory of level, slope and spread.
        silence_s: age of the last report from which on it is no longer trusted.
        fallback_s: time from then on until the most robust row is reached.
    """

    margin_db: float = 0.5
    spread_factor: float = 1.0
    hysteresis_db: float = 0.5
    time_constant_s: float = 0.5
    silence_s: float = 1.0
    fallback_s: float = 2.0

    def __post_init__(self) -> None:
        """Refuse numbers that make no controller, by name."""
        for name in ("margin_db", "spread_factor", "hysteresis_db"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} {value}: must be finite and not negative")
        for name in ("time_constant_s", "silence_s", "fallback_s"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f"{name} {value}: must be finite and positive")

    def slower(self, factor: float) -> ControlConfig:
        """The same control for reports that come `factor` times as seldom."""
        names = ("time_constant_s", "silence_s", "fallback_s")
        return replace(self, **{name: factor * getattr(self, name) for name in names})


class SnrFilter:
    """Level, slope and spread in dB of SNRs, weighted by exp(-age / time constant).

    The level is that of a straight line through the reports at the time of the newest one, so that
    a channel that walks steadily is neither lagged behind nor taken for one that fades: the spread
    is the deviation from the line. A slope counts as far as it stands out from that deviation
    (shrunk by 1 - variance of the slope / slope², not below 0); without one the line is the mean.

    Reports may come at any intervals. In dB a fade counts for more than a peak of the same height
    does, which errs on the safe side.

    Attributes:
        mean_db, newest_db: NaN before the first report.
    """

    def __init__(self, time_constant_s: float) -> None:
        self._time_constant = time_constant_s
        self._at = -math.inf
        # Weighted moments of times (relative to the newest report) and values about their means.
        self._weight = self._mean_time = 0.0
        self._time_var = self._covariance = self._variance = 0.0
        self.mean_db = self.newest_db = math.nan

    def add(self, snr_db: float, at_s: float) -> None:
        """Take a report; one that claims to be older than the last counts as simultaneous."""
        age = max(0.0, at_s - self._at)
        self._at = max(self._at, at_s)
        kept = self._weight * math.exp(-age / self._time_constant)
        self._weight = kept + 1.0
        self.newest_db = snr_db
        if kept == 0.0:
            self.mean_db, self._mean_time = snr_db, 0.0
            self._time_var = self._covariance = self._variance = 0.0
            return
        share, rest = 1.0 / self._weight, kept / self._weight
        before, difference = self._mean_time - age, snr_db - self.mean_db
        self.mean_db += share * difference
        self._mean_time = rest * before
        self._time_var = rest * (self._time_var + share * before * before)
        self._covariance = rest * (self._covariance - share * before * difference)
        self._variance = rest * (self._variance + share * difference * difference)

    @property
    def slope_db_s(self) -> float:
        """Slope of the line in dB per second, as far as it stands out; 0 before the second time."""
        if self._time_var * self._weight <= 0.0:
            return 0.0
        slope = self._covariance / self._time_var
        left = max(0.0, self._variance - slope * self._covariance) + MEASUREMENT_DB**2
        unsure, square = left / (self._time_var * self._weight), slope * slope
        return slope * (1.0 - unsure / square) if square > unsure else 0.0

    @property
    def level_db(self) -> float:
        """The line at the newest report, between that report and the mean; NaN before the first."""
        line = self.mean_db - self.slope_db_s * self._mean_time
        low, high = sorted((self.mean_db, self.newest_db))
        return min(max(line, low), high)

    @property
    def spread_db(self) -> float:
        """Standard deviation from the line; 0 after one report, NaN before."""
        if not self._weight:
            return math.nan
        slope = self.slope_db_s
        left = self._variance - slope * (2.0 * self._covariance - slope * self._time_var)
        return math.sqrt(max(0.0, left))


class RateController:
    """Chooses the row of a rate table for the next image.

    The usable SNR is the lower one of the newest report and the level less `spread_factor`
    deviations, less `margin_db`; while the channel falls, it falls on until the next report comes.
    The row never asks for more than that, except that the first row is all there is below it.
    Downwards the controller follows at once, upwards past the hysteresis. Before the first report,
    and from `silence_s + fallback_s` after the last one, the row is the first.

    Args:
        table: rows from the most robust on.
        config: margins and times.
        clock: seconds of a clock that never runs backwards; used where no time is given.
    """

    def __init__(
        self,
        table: RateTable,
        config: ControlConfig | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.table = table
        self.config = config or ControlConfig()
        self._clock = clock
        self._filter = SnrFilter(self.config.time_constant_s)
        self._index = 0
        self._heard = -math.inf

    @property
    def mean_db(self) -> float:
        """Mean of the reports in dB; NaN before the first one."""
        return self._filter.mean_db

    @property
    def level_db(self) -> float:
        """Filtered SNR in dB; NaN before the first report."""
        return self._filter.level_db

    @property
    def slope_db_s(self) -> float:
        """How it changes, dB per second; 0 before the second report."""
        return self._filter.slope_db_s

    @property
    def spread_db(self) -> float:
        """Its standard deviation in dB; NaN before the first report."""
        return self._filter.spread_db

    @property
    def usable_db(self) -> float:
        """SNR in dB that rows may ask for; -inf before the first report."""
        heard = self._filter
        if math.isnan(heard.newest_db):
            return -math.inf
        steady = heard.level_db - self.config.spread_factor * heard.spread_db
        return min(steady, heard.newest_db) - self.config.margin_db

    def report(self, snr_db: float, at_s: float | None = None) -> None:
        """Take a measured SNR.

        Args:
            snr_db: Es/N0 in dB.
            at_s: when it arrived, by the controller's clock; now where left out.

        Raises:
            ValueError: an SNR that is no number.
        """
        if not math.isfinite(snr_db):
            raise ValueError(f"SNR {snr_db}: not a finite number of dB")
        now = self._clock() if at_s is None else at_s
        # What silence took away must be earned again.
        self._index = self._left_by_silence(now)
        self._heard = max(self._heard, now)
        self._filter.add(snr_db, now)
        supported = self.table.index_at(self.usable_db)
        earned = self.table.index_at(self.usable_db - self.config.hysteresis_db)
        self._index = min(max(self._index, earned), supported)

    def choose(self, now_s: float | None = None) -> Choice:
        """The row for an image sent now; asking changes nothing."""
        return self.table.choices[self._index_at(self._clock() if now_s is None else now_s)]

    def _index_at(self, now_s: float) -> int:
        return min(self._left_by_silence(now_s), self._left_by_fall(now_s))

    def _left_by_silence(self, now_s: float) -> int:
        overdue = now_s - self._heard - self.config.silence_s
        if overdue <= 0:
            return self._index
        return math.floor(self._index * max(0.0, 1.0 - overdue / self.config.fallback_s))

    def _left_by_fall(self, now_s: float) -> int:
        """Row of the usable SNR where a falling channel falls on until it counts as silent."""
        age = min(max(0.0, now_s - self._heard), self.config.silence_s)
        fall = min(0.0, self._filter.slope_db_s) * age
        return self.table.index_at(self.usable_db + fall) if fall else self._index
