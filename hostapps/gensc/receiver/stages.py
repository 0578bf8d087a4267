"""Stages behind the decoders: each in a process of its own, behind a queue that never fills up.

An image is stored before it comes here, so nothing here can lose it. A stage that is behind drops
to the newest images and counts; one that hangs, crashes or answers junk is ended, said to be
broken, and started again after a pause. An image that a stage did nothing with goes on to the next
as it came.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from gensc.receiver.config import StageConfig
from gensc.receiver.stage_work import Command, Image, Job
from gensc.receiver.worker_process import WorkerError, WorkerProcess

OK, SLOW, BROKEN = "ok", "slow", "broken"
#: A stage that has dropped images within so many seconds is slow.
_SLOW_S = 10.0


@dataclass(frozen=True)
class Made:
    """What a stage made of an image.

    Attributes:
        stage: which.
        job: as it came.
        image: the better one; None where it is as it came.
        ms: that it took, of its batch's time.
        by: name of the weights.
    """

    stage: str
    job: Job
    image: Image | None
    ms: float = 0.0
    by: str = ""


@dataclass
class StageState:
    """How a stage is.

    Attributes:
        name: which.
        waiting: images before it.
        done: images it has bettered.
        dropped: images that passed because newer ones came, or because it is broken.
        failed: images that passed because it could make nothing of them.
        restarts: times that it was started again.
        busy: it works.
        last_ms: that the last image took.
        state: "ok", "slow", or "broken" until it has worked again.
        resting: it is broken and not tried before its pause is over.
        why: it is broken, or failed last.
    """

    name: str
    waiting: int = 0
    done: int = 0
    dropped: int = 0
    failed: int = 0
    restarts: int = 0
    busy: bool = False
    last_ms: float = 0.0
    state: str = OK
    resting: bool = False
    why: str = ""


class Stage:
    """One stage; `submit` never waits.

    Args:
        name: "refined", "inpainted", "edited": what its images are called.
        command: what its process does; None: nothing, until `set_command`.
        config: its limits.
        done: told of every image that leaves, in the stage's own thread.
        changed: told whenever something of its state has changed.
    """

    def __init__(
        self,
        name: str,
        command: Command | None,
        config: StageConfig,
        done: Callable[[Made], None],
        changed: Callable[[StageState], None] = lambda state: None,
    ) -> None:
        self.name, self._command, self._config = name, command, config
        self._done, self._changed = done, changed
        self.target_latency_ms = config.target_latency_ms
        self._state = StageState(name)
        self._waiting: deque[Job] = deque()
        self._news = threading.Condition()
        self._closing = self._halted = False
        self._again = False  # another command
        self._dropped_at = float("-inf")
        self._thread = threading.Thread(target=self._run, name=f"gensc-{name}", daemon=True)

    def start(self) -> None:
        """Start the thread; the process is started with the first image."""
        self._thread.start()

    def submit(self, job: Job) -> None:
        """The next image; an older one, or this one, passes as it is where too many wait."""
        with self._news:
            passing = [job]
            if self._command is None:
                pass
            elif self._state.resting or self._closing:
                self._drop()
            else:
                self._waiting.append(job)
                passing = []
                while len(self._waiting) > self._config.waiting:
                    passing.append(self._waiting.popleft())
                    self._drop()
            self._news.notify()
        for one in passing:
            self._done(Made(self.name, one, None))
        if self._command is not None:
            self._changed(self.state())

    def set_command(self, command: Command | None) -> None:
        """Another work from the next image on; None: nothing is done."""
        with self._news:
            self._command, self._again = command, True
            self._news.notify()

    @property
    def command(self) -> Command | None:
        """What is done."""
        return self._command

    @property
    def says(self) -> str:
        """Whose work is done; "none" where none is."""
        return self._command.says if self._command else "none"

    def state(self) -> StageState:
        """How it is now."""
        with self._news:
            told = replace(self._state, waiting=len(self._waiting))
            if told.state == OK and time.monotonic() - self._dropped_at < _SLOW_S:
                told.state = SLOW
                told.why = told.why or "images come faster than it works"
            return told

    def close(self, drain_s: float = 0.0) -> None:
        """Let it finish what waits, for so long at most; what is left passes as it is."""
        with self._news:
            self._closing = True
            self._news.notify()
        if not self._thread.is_alive():
            return
        self._thread.join(drain_s)
        with self._news:
            self._halted = True
            self._news.notify()
        self._thread.join()

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        process: WorkerProcess | None = None
        pause_s = self._config.pause_s
        while (batch := self._next_batch()) is not None:
            if self._again:
                self._again = False
                _end(process)
                process = None
                pause_s = self._config.pause_s
            if not batch:
                continue
            command = self._command
            try:
                assert command is not None
                if process is None:
                    process = WorkerProcess(command, self._config.start_s, lambda: self._halted)
                started = time.monotonic()
                made = process.ask(batch, self._config.limit_s)
            except WorkerError as error:
                _end(process)
                process = None
                self._broken(str(error), batch)
                self._pause(pause_s)
                pause_s = min(2 * pause_s, self._config.longest_pause_s)
                continue
            pause_s = self._config.pause_s
            self._worked(batch, made, 1e3 * (time.monotonic() - started) / len(batch), command)
        _end(process)

    def _next_batch(self) -> list[Job] | None:
        """The next images; none where there is another command; None at the end."""
        passing: list[Job] = []
        batch: list[Job] | None
        with self._news:
            self._state.busy = False
            while not (self._waiting or self._closing or self._halted or self._again):
                self._news.wait()
            if self._halted or (self._closing and not self._waiting):
                passing = list(self._waiting)
                self._waiting.clear()
                batch = None
            else:
                batch = []
                while self._waiting and len(batch) < self._config.batch:
                    job = self._waiting.popleft()
                    if self._command is None or self._is_too_old(job):
                        passing.append(job)
                        if self._command is not None:
                            self._drop()
                    else:
                        batch.append(job)
                self._state.busy = bool(batch)
        for job in passing:
            self._done(Made(self.name, job, None))
        return batch

    def _is_too_old(self, job: Job) -> bool:
        age_ms = 1e3 * (time.monotonic() - job.began_at)
        return bool(self.target_latency_ms) and age_ms > self.target_latency_ms

    def _drop(self) -> None:
        self._state.dropped += 1
        self._dropped_at = time.monotonic()

    def _worked(self, batch: list[Job], made: Sequence[Any], ms: float, by: Command) -> None:
        for job, image in zip(batch, made, strict=True):
            why = "" if image is None else _mistake(image, job)
            with self._news:
                self._state.last_ms, self._state.state = ms, OK
                self._state.failed += bool(why)
                self._state.done += image is not None and not why
                self._state.why = why
            better = image if image is not None and not why else None
            self._done(Made(self.name, job, better, ms, by.says))
        self._changed(self.state())

    def _broken(self, why: str, batch: list[Job]) -> None:
        with self._news:
            self._state.state, self._state.why, self._state.busy = BROKEN, why, False
            self._state.failed += len(batch)
            self._state.restarts += 1
            self._state.resting = True
            # What waits shall not wait for the pause.
            passing = [*batch, *self._waiting]
            for _ in self._waiting:
                self._drop()
            self._waiting.clear()
        self._changed(self.state())
        for job in passing:
            self._done(Made(self.name, job, None))

    def _pause(self, seconds: float) -> None:
        """Wait before it is tried again."""
        with self._news:
            self._news.wait_for(lambda: self._closing or self._halted or self._again, seconds)
            self._state.resting = False
        self._changed(self.state())


def _end(process: WorkerProcess | None) -> None:
    if process is not None:
        process.close()


def _mistake(image: Any, job: Job) -> str:
    """Why an answer is no image of that size; "" where it is one."""
    if isinstance(image, str):
        return image
    if not isinstance(image, np.ndarray):
        return f"it gave a {type(image).__name__}"
    if image.shape != job.image.shape or image.dtype != np.uint8:
        if image.dtype.kind == "f" and not np.isfinite(image).all():
            return f"it gave {image.dtype} {image.shape} with numbers that are not finite"
        return f"it gave {image.dtype} {image.shape}"
    return ""


class Stages:
    """Several stages, one behind the other.

    Args:
        stages: in order.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = tuple(stages)

    def start(self) -> None:
        """Start all."""
        for stage in self.stages:
            stage.start()

    def submit(self, job: Job) -> None:
        """An image that was stored."""
        if self.stages:
            self.stages[0].submit(job)

    def passed(self, made: Made) -> None:
        """What left a stage goes on to the next."""
        names = [stage.name for stage in self.stages]
        after = names.index(made.stage) + 1
        if after < len(self.stages):
            job = made.job if made.image is None else replace(made.job, image=made.image)
            self.stages[after].submit(job)

    def by_name(self, name: str) -> Stage:
        """The stage of that name.

        Raises:
            KeyError: there is none.
        """
        return next((s for s in self.stages if s.name == name), None) or _no_stage(name)

    def states(self) -> list[dict[str, Any]]:
        """How each is, as JSON can hold it."""
        return [asdict(stage.state()) for stage in self.stages if stage.command is not None]

    def close(self, drain_s: float = 0.0) -> None:
        """End them in order, so that what one has finished reaches the next."""
        for stage in self.stages:
            stage.close(drain_s)


def _no_stage(name: str) -> Stage:
    raise KeyError(name)
