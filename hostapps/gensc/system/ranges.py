"""Lists of numbers on the command line: ``0,5,10`` and ``0:20:5``."""

from __future__ import annotations

import math

from gensc.system.errors import UserError


def parse_numbers(text: str, option: str) -> list[float]:
    """``1,2.5`` or ``low:high:step`` (both ends included), or both mixed with commas.

    Raises:
        UserError: naming the option, when `text` says no finite number or too many of them.
    """
    values: list[float] = []
    for part in text.split(","):
        try:
            bounds = [float(x) for x in part.split(":")]
        except ValueError:
            raise UserError(f"{option} {text!r}: not a number: {part!r}") from None
        if not all(map(math.isfinite, bounds)):
            raise UserError(f"{option} {text!r}: numbers must be finite")
        if len(bounds) == 1:
            values += bounds
        elif len(bounds) == 3 and bounds[2] > 0 and bounds[1] >= bounds[0]:
            low, high, step = bounds
            count = math.floor((high - low) / step + 1e-9) + 1
            if count > 1000:
                raise UserError(f"{option} {text!r}: {count} values are too many")
            values += [low + i * step for i in range(count)]
        else:
            raise UserError(f"{option} {text!r}: write low:high:step with a positive step")
    return values
