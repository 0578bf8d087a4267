"""The receiver's end of a stage's worker process: started, asked, and ended whatever it does."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from gensc.receiver.stage_work import Command, Job

_END_S = 1.0


class WorkerError(Exception):
    """The process is of no use any more; the message says why."""


class WorkerProcess:
    """One process; `close` it in any case.

    Args:
        command: what it does.
        start_s: seconds until its work is there.
        stop: asked now and then whether to give up waiting.

    Raises:
        WorkerError: it cannot be started, or its work cannot be made.
    """

    def __init__(self, command: Command, start_s: float, stop: Any) -> None:
        ours, its = socket.socketpair()
        self._stop = stop
        with its:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "gensc.receiver.stage_worker", str(its.fileno()),
                     *command.words()],
                    pass_fds=[its.fileno()], stdin=subprocess.DEVNULL,
                    # Ctrl-C is for the receiver, which then lets its stages finish.
                    start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                ours.close()
                raise WorkerError(f"no process: {error.strerror}") from error
        self._connection = Connection(ours.detach())
        try:
            reason = self._answer(start_s, "to start")
            if reason:
                raise WorkerError(str(reason))
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def ask(self, jobs: Sequence[Job], limit_s: float) -> list[Any]:
        """What was made of each job.

        Raises:
            WorkerError: no answer in time, the process has ended, or it answered something else.
        """
        try:
            self._connection.send(list(jobs))
        except OSError:
            raise WorkerError(self._end()) from None
        made = self._answer(limit_s, f"for {len(jobs)} image{'s' * (len(jobs) != 1)}")
        if not isinstance(made, list) or len(made) != len(jobs):
            raise WorkerError("its answer is none")
        return made

    def _answer(self, limit_s: float, what: str) -> Any:
        waited = 0.0
        step = min(0.1, limit_s)
        try:
            while not self._connection.poll(step):
                waited += step
                if waited >= limit_s or self._stop():
                    raise WorkerError(f"hangs: no answer within {limit_s:g} s {what}")
            return self._connection.recv()
        except (EOFError, OSError):
            raise WorkerError(self._end()) from None
        except WorkerError:
            raise
        except Exception as error:  # whatever cannot be unpickled
            raise WorkerError(f"its answer cannot be read: {type(error).__name__}") from error

    def _end(self) -> str:
        """How it has ended."""
        try:
            status = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            return "has closed its socket"
        if status >= 0:
            return f"ended with status {status}"
        return f"crashed: {signal.Signals(-status).name}"

    def close(self) -> None:
        """End it, and wait until it is gone."""
        self._connection.close()
        try:
            self._process.wait(0.2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
