"""Clients of the service: one for asyncio, one that blocks."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any

import zmq
import zmq.asyncio

from gensc.remote.closing import close_with
from gensc.serve import wire
from gensc.serve.answer import Answer, ServiceError, Status
from gensc.serve.section import ImageFormat, Request, Section
from gensc.system.errors import UserError

#: How long a request or a cancellation may take to leave when a client closes.
LINGER_MS = 500


class AsyncClient:
    """One user of a service; any number of requests at a time.

    >>> async with AsyncClient("tcp://127.0.0.1:5555", "alice") as client:
    ...     answer = await client.decode(section)

    Args:
        address: of the service.
        user: who asks; the service is fair between users.
        timeout_s: how long `decode` waits for its image, waiting while busy included.
        on_answer: is shown every answer that arrives, waited for or not.

    Attributes:
        asked: requests sent; they are numbered from 1.
        stray: frames that answered nothing this client is waiting for.

    Raises:
        UserError: not an address.
    """

    def __init__(
        self,
        address: str,
        user: str,
        timeout_s: float = 60.0,
        on_answer: Callable[[Answer], None] = lambda answer: None,
    ) -> None:
        self.user, self.timeout_s, self.asked, self.stray = user, timeout_s, 0, 0
        self._address, self._on_answer = address, on_answer
        self._context = zmq.asyncio.Context()
        self._socket = _connect(self._context, address)
        close_with(self, self._context, self._socket)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._listener: asyncio.Task[None] | None = None

    async def __aenter__(self) -> AsyncClient:
        self._listener = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
        self._context.destroy(linger=LINGER_MS)

    async def decode(self, section: Section, form: ImageFormat = ImageFormat.RAW) -> Answer:
        """The decoded image of a section; asks again while the service is busy.

        Cancelling the caller cancels the request.

        Raises:
            ServiceError: the service says that there will be no image.
            TimeoutError: no answer in `timeout_s`.
        """
        try:
            return await asyncio.wait_for(self._decode(section, form), self.timeout_s)
        except asyncio.TimeoutError:
            raise TimeoutError(_no_answer(self._address, self.timeout_s)) from None

    async def ask(self, section: Section, form: ImageFormat = ImageFormat.RAW) -> Answer:
        """The service's answer, whatever it is; waits for it without limit."""
        self.asked += 1
        request = Request(self.user, self.asked, section, form)
        future = asyncio.get_running_loop().create_future()
        self._waiting[request.request_id] = future
        try:
            await self._socket.send(wire.pack(request))
            return await future
        except asyncio.CancelledError:
            await self._socket.send(wire.pack(wire.Cancel(request.request_id)))
            raise
        finally:
            del self._waiting[request.request_id]

    async def _decode(self, section: Section, form: ImageFormat) -> Answer:
        while True:
            answer = await self.ask(section, form)
            if answer.status is Status.OK:
                return answer
            if answer.status is not Status.BUSY:
                raise ServiceError(answer.status, answer.reason)
            await asyncio.sleep(answer.retry_after_s)

    async def _listen(self) -> None:
        while True:
            answer = _read_answer(await self._socket.recv())
            if answer is not None:
                self._on_answer(answer)
            future = self._waiting.get(answer.request_id) if answer else None
            if answer is None or future is None or future.done():
                # Also the answer to a request that has just been cancelled.
                self.stray += 1
            else:
                future.set_result(answer)
            await asyncio.sleep(0)


class Client:
    """One user of a service; one request at a time, from ordinary code.

    >>> with Client("tcp://127.0.0.1:5555", "alice") as client:
    ...     image = client.decode(section).image

    Args and Raises as `AsyncClient`.
    """

    def __init__(self, address: str, user: str, timeout_s: float = 60.0) -> None:
        self.user, self.timeout_s = user, timeout_s
        self._address = address
        self._context = zmq.Context()
        self._socket = _connect(self._context, address)
        close_with(self, self._context, self._socket)
        self._numbers = itertools.count(1)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the service."""
        self._context.destroy(linger=LINGER_MS)

    def decode(self, section: Section, form: ImageFormat = ImageFormat.RAW) -> Answer:
        """The decoded image of a section; asks again while the service is busy.

        Raises:
            ServiceError: the service says that there will be no image.
            TimeoutError: no answer in `timeout_s`.
        """
        give_up = time.monotonic() + self.timeout_s
        while True:
            request = Request(self.user, next(self._numbers), section, form)
            self._socket.send(wire.pack(request))
            answer = self._receive(request.request_id, give_up)
            if answer.status is Status.OK:
                return answer
            if answer.status is not Status.BUSY:
                raise ServiceError(answer.status, answer.reason)
            time.sleep(min(answer.retry_after_s, max(give_up - time.monotonic(), 0.0)))

    def _receive(self, request_id: int, give_up: float) -> Answer:
        while (left := give_up - time.monotonic()) > 0:
            if self._socket.poll(int(1000 * left) + 1):
                answer = _read_answer(self._socket.recv())
                if answer is not None and answer.request_id == request_id:
                    return answer
        self._socket.send(wire.pack(wire.Cancel(request_id)))
        raise TimeoutError(_no_answer(self._address, self.timeout_s))


def _connect(context: Any, address: str) -> Any:
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.MAXMSGSIZE, wire.MAX_FRAME)
    try:
        socket.connect(address)
    except zmq.ZMQError as error:
        context.destroy(linger=0)
        raise UserError(f"{address}: {error.strerror}") from error
    return socket


def _read_answer(frame: bytes) -> Answer | None:
    """The answer in a frame; None where it is none."""
    try:
        message = wire.unpack(frame)
    except wire.FrameError:
        return None
    return message if isinstance(message, Answer) else None


def _no_answer(address: str, seconds: float) -> str:
    return f"{address}: no answer in {seconds:g} s"
