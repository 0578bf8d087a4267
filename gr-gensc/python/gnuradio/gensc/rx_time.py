"""Where samples are missing from a radio's stream, as the `rx_time` tags of its driver say.

UHD and SoapySDR tag the first sample with the time it was taken at, and after an overflow the
first one that arrived again. Between two tags as many samples must have come as the time says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pmt

RX_TIME = pmt.intern("rx_time")

#: Samples that a driver's clock may be off by between two tags.
_ROUNDING = 1.5


class TimeTags:
    """Compares the times of tags with the samples between them.

    Args:
        sample_rate: of the stream, Hz.

    Attributes:
        lost: samples that did not arrive.
    """

    def __init__(self, sample_rate: float) -> None:
        self.lost = 0
        self._rate = sample_rate
        # Index of the last tag's sample, and its time: whole seconds and the rest.
        self._last: tuple[int, int, float] | None = None

    def gaps(self, tags: Iterable[Any]) -> list[int]:
        """Absolute indices of the samples right before which some are missing, ascending.

        Args:
            tags: `rx_time` tags as GNU Radio gives them; what is no time is ignored. A clock that
                was set, and so runs backwards or not in step, begins anew.
        """
        found = []
        for tag in sorted(tags, key=lambda tag: tag.offset):
            now = _time(tag.value)
            if now is None:
                continue
            here = (int(tag.offset), *now)
            if self._last is not None:
                at, seconds, rest = self._last
                passed = (here[1] - seconds) + (here[2] - rest)
                missing = passed * self._rate - (here[0] - at)
                if missing > _ROUNDING:
                    self.lost += round(missing)
                    found.append(here[0])
            self._last = here
        return found


def _time(value: Any) -> tuple[int, float] | None:
    """Whole seconds and the rest; None where that is no time."""
    if not pmt.is_tuple(value) or pmt.length(value) != 2:
        return None
    seconds, rest = pmt.tuple_ref(value, 0), pmt.tuple_ref(value, 1)
    if not (pmt.is_uint64(seconds) or pmt.is_integer(seconds)) or not pmt.is_real(rest):
        return None
    whole = pmt.to_uint64(seconds) if pmt.is_uint64(seconds) else pmt.to_long(seconds)
    fraction = float(pmt.to_double(rest))
    return (int(whole), fraction) if 0 <= fraction < 1 else None
