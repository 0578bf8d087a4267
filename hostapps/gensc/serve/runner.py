"""Where batches are computed: a worker process that may die and is then started again."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Sequence
from typing import Any, Protocol

from gensc.serve import pipe
from gensc.serve.decoder import Result
from gensc.serve.section import Request

CODECS = "gensc.serve.decoder:CodecDecoder"


class WorkerDied(Exception):  # noqa: N818 - an event, not a mistake
    """The worker ended, or had to be ended, without answering; the message says how."""


class WorkerStartError(Exception):
    """The worker cannot be started; the message is the reason it gave."""


class Runner(Protocol):
    """What the service needs of a place where models run; one batch at a time."""

    models: dict[int, str]

    async def start(self) -> None:
        """Get ready; again after `WorkerDied`. Raises `WorkerStartError`."""

    async def run(self, batch: Sequence[Request]) -> tuple[float, list[Result]]:
        """Seconds of the model and one result per request. Raises `WorkerDied`."""

    async def close(self) -> None:
        """Give everything back; an unfinished batch is lost."""


class ProcessRunner:
    """A worker process of its own.

    Args:
        target: the decoder, "module:Class"; the worker finds the modules this process finds.
        options: its arguments, plain values.
        batch_timeout_s: a batch that takes longer counts as a hung worker, which is killed.
        start_timeout_s: time to load the model.

    Attributes:
        models: fingerprints and names of the worker's codecs, known once started.
        pid: of the worker; None while there is none.
    """

    def __init__(
        self,
        target: str = CODECS,
        options: dict[str, Any] | None = None,
        *,
        batch_timeout_s: float = 120.0,
        start_timeout_s: float = 120.0,
    ) -> None:
        self.models: dict[int, str] = {}
        self._target, self._options = target, json.dumps(options or {}, allow_nan=False)
        self._batch_timeout_s, self._start_timeout_s = batch_timeout_s, start_timeout_s
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the worker."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the worker and wait until its model is loaded.

        Raises:
            WorkerStartError: no process, or its decoder cannot be made.
        """
        await self.close()
        try:
            hello = await self._launch()
        except (asyncio.IncompleteReadError, asyncio.TimeoutError, OSError) as error:
            await self.close()
            raise WorkerStartError(_reason(error, self._start_timeout_s)) from error
        if "error" in hello:
            await self.close()
            raise WorkerStartError(hello["error"])
        self.models = {int(number): name for number, name in hello["models"].items()}

    async def _launch(self) -> dict[str, Any]:
        """Start the process; what it says first."""
        ours, theirs = socket.socketpair()
        path = os.pathsep.join(entry for entry in sys.path if entry)
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "gensc.serve.worker",
                str(theirs.fileno()),
                self._target,
                self._options,
                pass_fds=[theirs.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": path},
                # Ctrl-C is for the service, which ends its workers itself when all is answered.
                start_new_session=True,
            )
        self._reader, self._writer = await asyncio.open_connection(sock=ours)
        return json.loads(await asyncio.wait_for(self._receive(), self._start_timeout_s))

    async def run(self, batch: Sequence[Request]) -> tuple[float, list[Result]]:
        """Seconds of the model and one result per request.

        Raises:
            WorkerDied: no answer; the worker is gone and `start` makes another one.
        """
        if self._writer is None:
            raise WorkerDied("not running")
        try:
            self._writer.write(pipe.message(pipe.pack_batch(batch)))
            await self._writer.drain()
            body = await asyncio.wait_for(self._receive(), self._batch_timeout_s)
            seconds, results = pipe.unpack_results(body)
        except (asyncio.IncompleteReadError, asyncio.TimeoutError, OSError) as error:
            await self.close()
            raise WorkerDied(_reason(error, self._batch_timeout_s)) from error
        if len(results) != len(batch):
            await self.close()
            raise WorkerDied(f"{len(results)} results for {len(batch)} requests")
        return seconds, results

    async def close(self) -> None:
        """End the worker, whatever it is doing."""
        process, writer = self._process, self._writer
        self._process = self._reader = self._writer = None
        if writer is not None:
            writer.close()
        if process is not None:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _receive(self) -> bytes:
        if self._reader is None:
            raise ConnectionResetError
        (length,) = pipe.LENGTH.unpack(await self._reader.readexactly(pipe.LENGTH.size))
        return await self._reader.readexactly(length)


def _reason(error: Exception, timeout_s: float) -> str:
    if isinstance(error, asyncio.TimeoutError):
        return f"no answer from the worker in {timeout_s:g} s"
    if isinstance(error, asyncio.IncompleteReadError | ConnectionError):
        return "the worker process ended"
    return str(error)
