"""Values as JSON can say them, and the one way a line of JSON is written."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def plain(value: Any, digits: int | None = None) -> Any:
    """`value` as JSON can say it, nested as it is.

    NumPy values are unwrapped; NaN and infinities become null, which is what JSON has for them;
    characters that are no Unicode (names of files in another encoding) become escapes.

    Args:
        value: dicts, lists, tuples, strings, numbers, arrays, None.
        digits: floats are rounded to so many; None leaves them.
    """
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return {text(str(k)): plain(v, digits) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v, digits) for v in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist(), digits)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return value if digits is None else round(value, digits)
    return value


def text(value: str) -> str:
    """A string that UTF-8 can say: surrogates (bytes of odd file names) as escapes."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")


def finite(value: float | None) -> float | None:
    """`value`, and None for what is not a number or infinite."""
    return float(value) if value is not None and math.isfinite(value) else None


def json_text(value: Any, **options: Any) -> str:
    """JSON that every reader takes: never NaN or Infinity.

    Args:
        value: as for `plain`.
        options: of `json.dumps`.

    Raises:
        TypeError: a value of a kind that JSON has not.
    """
    return json.dumps(plain(value), allow_nan=False, **options)
