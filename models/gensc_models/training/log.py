"""The log of a run: one JSON line per validation."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Log:
    """``log.jsonl`` of a run; what is added is printed as well."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, record: dict[str, Any]) -> None:
        """Adds a record."""
        line = json.dumps(record)
        with self.path.open("a", encoding="utf-8") as handle:
            handle.write(line + "\n")
        print(line, flush=True)

    def records(self) -> list[dict[str, Any]]:
        """All records so far, of earlier resumptions as well."""
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]


class Interval:
    """The steps between two validations: how many, how fast, their mean loss."""

    def __init__(self, batch: int) -> None:
        self._batch, self._since = batch, time.monotonic()
        self._sums: dict[str, float] = {}
        self.steps = 0

    @property
    def seconds(self) -> float:
        """How long it lasts so far."""
        return time.monotonic() - self._since

    def add(self, terms: Mapping[str, float]) -> None:
        """A step's loss, term by term."""
        self.steps += 1
        for name, value in terms.items():
            self._sums[name] = self._sums.get(name, 0.0) + value

    def record(self) -> dict[str, Any]:
        """Mean loss, its terms where there are several, and examples per second."""
        means = {name: round(value / self.steps, 6) for name, value in self._sums.items()}
        terms = {"terms": means} if len(means) > 1 else {}
        speed = self.steps * self._batch / max(self.seconds, 1e-9)
        return {
            "loss": round(sum(means.values()), 6), **terms, "examples_per_second": round(speed, 1),
        }  # fmt: skip
