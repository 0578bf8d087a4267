"""The log of a run: one JSON line per validation."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gensc_phy.atomic import append


class Log:
    """``log.jsonl`` of a run; what is added is printed as well."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, record: dict[str, Any]) -> None:
        """Adds a record."""
        line = json.dumps(_plain(record), allow_nan=False)
        with self.path.open("ab") as handle:
            append(handle.fileno(), f"{line}\n".encode())
        print(line, flush=True)

    def records(self) -> list[dict[str, Any]]:
        """All records so far, of earlier resumptions as well; none where there is no log.

        Raises:
            ValueError: a line that is no record, by its number.
        """
        records = []
        lines = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        for number, line in enumerate(lines.splitlines(), 1):
            if line.strip():
                try:
                    records.append(dict(json.loads(line).items()))
                except (AttributeError, ValueError) as error:
                    message = f"{self.path}: line {number} is no record of a training: {error}"
                    raise ValueError(message) from error
        return records


class Interval:
    """The steps between two validations: how many, how fast, their mean loss."""

    def __init__(self, batch: int) -> None:
        self._batch, self._since = batch, time.monotonic()
        self._terms: dict[str, list[float]] = {}
        self._total = 0.0
        self.steps = 0

    @property
    def seconds(self) -> float:
        """How long it lasts so far."""
        return time.monotonic() - self._since

    def add(self, terms: Mapping[str, float]) -> None:
        """A step's loss, term by term; not every step has every term."""
        self.steps += 1
        self._total += sum(terms.values())
        for name, value in terms.items():
            self._terms.setdefault(name, []).append(value)

    def record(self) -> dict[str, Any]:
        """Mean loss, means of its terms where there are several, and examples per second."""
        means = {name: round(sum(v) / len(v), 6) for name, v in self._terms.items()}
        terms = {"terms": means} if len(means) > 1 else {}
        speed = self.steps * self._batch / max(self.seconds, 1e-9)
        loss = round(self._total / max(self.steps, 1), 6)
        return {"loss": loss, **terms, "examples_per_second": round(speed, 1)}


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: a loss that has run away is null."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
