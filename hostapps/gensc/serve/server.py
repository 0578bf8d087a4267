"""The ZeroMQ front of the service: frames in, frames out."""

from __future__ import annotations

import asyncio
import errno
import time
from collections import Counter
from collections.abc import Callable

import zmq
import zmq.asyncio
from zmq.utils.monitor import recv_monitor_message

from gensc.remote.closing import close_with
from gensc.serve import wire
from gensc.serve.answer import Answer
from gensc.serve.section import Request
from gensc.serve.service import Service
from gensc.serve.ticket import Refused, Ticket
from gensc.system.errors import UserError

#: Answers one peer may leave unread; beyond that it is not listened to.
MAX_OWED = 4096
#: Messages taken in one turn of the event loop.
MAX_TURN = 64
#: How long an answer waits for a peer that does not read.
SEND_TIMEOUT_S = 10.0
#: How long the last answers may take to leave when the server closes.
LINGER_MS = 2000
_RETRY_S = 0.02
_LOG_EVERY_S = 1.0
# A peer that does not speak ZeroMQ, or not properly.
_HANDSHAKE_FAILED = (
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
)


class Server:
    """Serves a `Service` on a ROUTER socket; clients connect with DEALER sockets.

    A request that repeats the number of one still pending on the same connection is taken for
    the same request: it gets the one answer. A request is known by its connection and number.

    Args:
        service: not started yet; `start` and `stop` do both.
        address: ZeroMQ address to bind, e.g. "tcp://127.0.0.1:5555"; port 0 or "*" takes a free
            one.
        log: takes one line about what an operator should know.

    Attributes:
        address: where it listens, once started.
        taken: frames of requests and cancellations.
        junk: frames and peers that made no sense.
        repeated: requests that were pending already.
        undeliverable: answers whose peer has gone or does not read.
        ignored: frames of peers that owe their answers a reading.
    """

    def __init__(
        self, service: Service, address: str, log: Callable[[str], None] = lambda line: None
    ) -> None:
        self.service, self.address = service, address
        self.taken = self.junk = self.repeated = self.undeliverable = self.ignored = 0
        self._log, self._log_after = log, 0.0
        self._context = zmq.asyncio.Context()
        self._socket = self._context.socket(zmq.ROUTER)
        close_with(self, self._context, self._socket)
        self._tickets: dict[tuple[bytes, int], Ticket] = {}
        self._owed: Counter[bytes] = Counter()
        self._replies: set[asyncio.Task[None]] = set()
        self._listeners: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Bind, start the service, then listen.

        Raises:
            UserError: not an address, or taken.
            WorkerStartError: the service's workers cannot be started.
        """
        try:
            self._socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
            self._socket.setsockopt(zmq.MAXMSGSIZE, wire.MAX_FRAME)
            monitor = self._socket.get_monitor_socket(_HANDSHAKE_FAILED)
            self._socket.bind(self.address)
            self.address = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)
            await self.service.start()
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise UserError(f"{self.address}: {error.strerror}") from error
        except BaseException:
            self._context.destroy(linger=0)
            raise
        self._listeners = [
            asyncio.create_task(self._listen()),
            asyncio.create_task(self._watch(monitor)),
        ]

    async def stop(self, drain: bool = True) -> None:
        """Stop the service, deliver what it still answers, close. Once is enough.

        Until then new requests are told that the service is stopping.

        Args:
            drain: finish accepted work first; False answers it with STOPPING.
        """
        if self._context.closed:
            return
        await self.service.stop(drain)
        while self._replies:
            await asyncio.wait(self._replies)
        for task in self._listeners:
            task.cancel()
        outcomes = await asyncio.gather(*self._listeners, return_exceptions=True)
        self._socket.disable_monitor()
        self._context.destroy(linger=LINGER_MS)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome

    async def _listen(self) -> None:
        while True:
            message = await self._socket.recv_multipart()
            # What has arrived together may be decoded together: take it all before others run.
            for _ in range(MAX_TURN):
                self._take(*message)
                try:
                    message = await self._socket.recv_multipart(flags=zmq.NOBLOCK)
                except zmq.Again:
                    break
            else:
                self._take(*message)
            await asyncio.sleep(0)

    def _take(self, peer: bytes, *frames: bytes) -> None:
        if self._owed[peer] >= MAX_OWED:
            self.ignored += 1
        else:
            self._handle(peer, list(frames))

    async def _watch(self, monitor: zmq.asyncio.Socket) -> None:
        while True:
            await recv_monitor_message(monitor)
            self._count_junk("a peer that does not speak ZeroMQ")

    def _handle(self, peer: bytes, frames: list[bytes]) -> None:
        try:
            if len(frames) != 1:
                raise wire.FrameError(f"message of {len(frames)} parts")
            message = wire.unpack(frames[0])
            if isinstance(message, Answer):
                raise wire.FrameError("an answer, from a client")
        except wire.FrameError as error:
            self._count_junk(str(error))
            return
        self.taken += 1
        key = (peer, message.request_id)
        if isinstance(message, wire.Cancel):
            # An unknown number has been answered a moment ago.
            if key in self._tickets:
                self.service.cancel(self._tickets[key])
        elif key in self._tickets:
            self.repeated += 1
        else:
            self._begin(key, message)

    def _begin(self, key: tuple[bytes, int], request: Request) -> None:
        """Hand a request to the service and have the answer sent."""
        try:
            ticket = self._tickets[key] = self.service.accept(request)
            reply = self._reply(key, ticket)
        except Refused as refused:
            reply = self._send(key[0], refused.answer(request.request_id))
        self._owed[key[0]] += 1
        task = asyncio.create_task(reply)
        self._replies.add(task)
        task.add_done_callback(lambda _: self._settle(key[0], task))

    def _settle(self, peer: bytes, task: asyncio.Task[None]) -> None:
        self._replies.discard(task)
        self._owed[peer] -= 1
        if not self._owed[peer]:
            del self._owed[peer]

    async def _reply(self, key: tuple[bytes, int], ticket: Ticket) -> None:
        answer = await ticket
        del self._tickets[key]
        await self._send(key[0], answer)

    async def _send(self, peer: bytes, answer: Answer) -> None:
        """Send an answer; a peer that does not read holds up no other one's."""
        parts = [peer, wire.pack(answer)]
        give_up = time.monotonic() + SEND_TIMEOUT_S
        while True:
            try:
                await self._socket.send_multipart(parts, flags=zmq.NOBLOCK)
                return
            except zmq.ZMQError as error:
                unread = error.errno == errno.EAGAIN and time.monotonic() < give_up
                if not unread:
                    self.undeliverable += 1
                    return
            await asyncio.sleep(_RETRY_S)

    def _count_junk(self, what: str) -> None:
        self.junk += 1
        now = time.monotonic()
        if now >= self._log_after:
            self._log_after = now + _LOG_EVERY_S
            self._log(f"dropped junk ({self.junk} so far): {what}")
