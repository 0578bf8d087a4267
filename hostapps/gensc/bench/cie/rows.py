"""Rows of `gensc bench cie`: flat dicts that say in `experiment` which measurement they are of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]


def of(rows: Iterable[Row], experiment: str, **fields: Any) -> list[Row]:
    """Rows of an experiment whose fields have these values, in their order."""
    return [
        row
        for row in rows
        if row["experiment"] == experiment
        and all(row.get(name) == value for name, value in fields.items())
    ]
