"""Progress of long work: a bar on a terminal, plain lines otherwise; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

T = TypeVar("T")


@dataclass
class Reporter:
    """Counts finished steps; made by `progress`.

    On a terminal each step moves a bar. Elsewhere (a log, a pipe) a line is printed at the first
    and the last step and at most every `every_s` seconds between them.
    """

    label: str
    total: int
    every_s: float = 5.0
    done: int = 0
    _bar: Progress | None = None
    _task: TaskID | None = None
    _started: float = field(default_factory=time.monotonic)
    _printed: float = 0.0

    def step(self, note: str = "") -> None:
        """One more step is done; `note` says which."""
        self.done += 1
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=1, note=note)
            return
        now = time.monotonic()
        if self.done in (1, self.total) or now - self._printed >= self.every_s:
            self._printed = now
            elapsed = now - self._started
            text = f"{self.label}: {self.done}/{self.total} {note}".rstrip()
            print(f"{text} ({elapsed:.0f} s)", file=sys.stderr, flush=True)

    def say(self, line: str) -> None:
        """A line of its own beside the bar."""
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            print(line, file=sys.stderr, flush=True)


@contextmanager
def progress(label: str, total: int) -> Iterator[Reporter]:
    """Announce `total` steps of `label`; yields the `Reporter` to call `step` on."""
    if not sys.stderr.isatty():
        yield Reporter(label, total)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total, note="")
        yield Reporter(label, total, _bar=bar, _task=task)


def track(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Iterate `items` while showing progress; `total` is needed where `items` has no length."""
    count = len(items) if total is None else total  # type: ignore[arg-type]
    with progress(label, count) as reporter:
        for item in items:
            yield item
            reporter.step()
