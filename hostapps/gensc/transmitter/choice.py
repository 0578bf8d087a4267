"""What the next image is sent by: the codec bank at a row of a rate table, or the analog code.

The receiver's reports of SNR and spread move a `gensc_phy.adaptation.rate_control.RateController`
over the rows of the bank's table: margins, hysteresis and the way down in silence are its. The
bank's bits arrive or they do not; an analog image gets worse as the channel does. So the analog
code takes over

* below the rows that meet the table's limits, and so in silence, which leads there;
* where the SNR spreads by more than `spread_db` from burst to burst: a margin that covers that
  costs the bank more than it is worth.

It sends as many symbols as the same time on the air allows.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gensc.adapt.transport import symbols_within
from gensc.remote.reports import Snr
from gensc_phy.adaptation.rate_control import MEASUREMENT_DB, ControlConfig, RateController
from gensc_phy.adaptation.rate_table import Choice, RateTable
from gensc_phy.waveform.config import WaveformConfig

SCHEMES = ("auto", "analog", "bank")
#: An analog encoder is told no more and no less.
ANALOG_DB = (-5.0, 30.0)


@dataclass(frozen=True)
class Chosen:
    """How an image is sent.

    Attributes:
        scheme: "analog" or "bank".
        row: of the rate table; None for the analog code.
        rate: channel symbols per 16×16 block of the analog code; 0 for the bank.
        snr_db: Es/N0 in dB that it counts on.
        spread_db: standard deviation of the SNR in dB.
        reason: in words.
    """

    scheme: str
    row: Choice | None
    rate: int
    snr_db: float
    spread_db: float
    reason: str


@dataclass(frozen=True)
class ChoiceConfig:
    """How it is chosen.

    Attributes:
        scheme: of SCHEMES; "auto" chooses, the others say which.
        rates: the analog code's, ascending; none that takes longer than `t_max_s`, but the first.
        t_max_s: time on the air of an analog image, seconds.
        spread_db: see the module.
        unknown_db: Es/N0 in dB that the analog code is told while nothing is known.
        control: of the rate controller.
    """

    scheme: str = "auto"
    rates: tuple[int, ...] = (32,)
    t_max_s: float = 0.05
    spread_db: float = 3.0
    unknown_db: float = 0.0
    control: ControlConfig = field(default_factory=ControlConfig)


class Chooser:
    """Chooses, from what has been reported.

    Args:
        config: how.
        table: of the bank; None: there is only the analog code.
        waveform: of the bursts.
        clock: seconds of a clock that never runs backwards.

    Raises:
        ValueError: the bank is asked for and there is no table.
    """

    def __init__(
        self,
        config: ChoiceConfig,
        table: RateTable | None,
        waveform: WaveformConfig,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if config.scheme == "bank" and table is None:
            raise ValueError("the bank without a rate table")
        self.config, self._waveform, self._clock = config, waveform, clock
        self._controller = None if table is None else RateController(table, config.control, clock)
        # Without a bank there are no rows to walk on, but level and spread all the same.
        self._heard_at = -math.inf
        self._level = self._told_spread = math.nan
        self._fading = False

    def report(self, snr: Snr) -> None:
        """Take what the receiver has measured."""
        # What is left of single bursts' deviation where the channel stands still is no spread.
        spread = math.sqrt(max(0.0, snr.spread_db**2 - MEASUREMENT_DB**2))
        before = self._told_spread
        self._told_spread = spread if math.isnan(before) else 0.5 * (before + spread)
        self._heard_at, self._level = self._clock(), snr.snr_db
        if self._controller is not None:
            self._controller.report(snr.snr_db)

    @property
    def level_db(self) -> float:
        """Filtered SNR in dB; NaN before the first report."""
        return self._level if self._controller is None else self._controller.level_db

    @property
    def spread_db(self) -> float:
        """Standard deviation of the SNR from burst to burst and from report to report, dB."""
        if math.isnan(self._told_spread):
            return 0.0
        slow = 0.0 if self._controller is None else self._controller.spread_db
        return math.hypot(self._told_spread, slow)

    def choose(self, height: int, width: int) -> Chosen:
        """How an image of that size is sent now."""
        silence = self._clock() - self._heard_at
        spread = self.spread_db
        limit = self.config.spread_db
        # Once it is too much, it must be clearly less to be little again.
        self._fading = spread > (0.7 * limit if self._fading else limit)
        if self._controller is None:
            return self._analog(height, width, "the analog code alone")
        row = self._row()
        if self.config.scheme == "bank":
            return self._bank(row, silence)
        if self.config.scheme == "analog":
            return self._analog(height, width, "as told")
        if math.isinf(silence):
            return self._analog(height, width, "nothing heard yet")
        if silence > self.config.control.silence_s and not row.met:
            return self._analog(height, width, f"nothing heard for {silence:.1f} s")
        if self._fading:
            return self._analog(height, width, f"the SNR spreads by {spread:.1f} dB")
        if not row.met:
            return self._analog(height, width, f"{self._usable():.1f} dB is below the bank's rows")
        return self._bank(row, silence)

    def _row(self) -> Choice:
        """The controller's, or one below it: single bursts deviate, too."""
        controller = self._controller
        assert controller is not None
        row = controller.choose()
        careful = controller.table.at(self._usable())
        return min(row, careful, key=lambda choice: choice.snr_db)

    def _usable(self) -> float:
        """SNR that an image may count on."""
        if self._controller is None:
            return self._level - self.config.control.margin_db
        spread = 0.0 if math.isnan(self._told_spread) else self._told_spread
        return self._controller.usable_db - self.config.control.spread_factor * spread

    def _bank(self, row: Choice, silence: float) -> Chosen:
        usable = self._usable()
        if math.isinf(silence):
            why = "nothing heard yet: the most robust row"
        elif silence > self.config.control.silence_s:
            why = f"nothing heard for {silence:.1f} s: down to the row of {row.snr_db:.1f} dB"
        else:
            why = (
                f"{self.level_db:.1f} dB, {usable:.1f} dB with margins: "
                f"the row of {row.snr_db:.1f} dB"
            )
        counted = row.snr_db if math.isinf(usable) else usable
        return Chosen("bank", row, 0, counted, self.spread_db, why)

    def _analog(self, height: int, width: int, why: str) -> Chosen:
        silence = self._clock() - self._heard_at
        control, usable = self.config.control, self._usable()
        known = silence <= control.silence_s + control.fallback_s and math.isfinite(usable)
        low, high = ANALOG_DB
        told = min(max(usable if known else self.config.unknown_db, low), high)
        rate = self._rate(height, width)
        counted = f"{told:.1f} dB" if known else f"{told:.1f} dB, as nothing is known"
        reason = f"{why}: {rate} symbols a block, for {counted}"
        return Chosen("analog", None, rate, told, self.spread_db, reason)

    def _rate(self, height: int, width: int) -> int:
        blocks = -(-height // 16) * -(-width // 16)
        samples = math.floor(self.config.t_max_s * self._waveform.sample_rate)
        most = symbols_within(samples, self._waveform) // blocks
        return max((r for r in self.config.rates if r <= most), default=self.config.rates[0])
