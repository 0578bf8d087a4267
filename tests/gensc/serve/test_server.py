"""Server and clients over TCP: answers, junk, back-pressure, cancellation, graceful stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import zmq
import zmq.asyncio

from gensc.serve import (
    Answer,
    AsyncClient,
    Client,
    ProcessRunner,
    Server,
    Service,
    ServiceConfig,
    ServiceError,
    Source,
    Status,
    wire,
)
from gensc.system.errors import UserError
from serve_fakes import PATIENCE_S, HandRunner, picture, request, section

ANYWHERE = "tcp://127.0.0.1:*"


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, PATIENCE_S))


@asynccontextmanager
async def serving(
    runner: Any, log: Callable[[str], None] = lambda line: None, **limits: Any
) -> AsyncIterator[Server]:
    server = Server(Service([runner], ServiceConfig(**{"max_wait_ms": 0, **limits})), ANYWHERE, log)
    await server.start()
    try:
        yield server
    finally:
        await server.stop(drain=False)


@asynccontextmanager
async def peer(address: str, kind: int = zmq.DEALER) -> AsyncIterator[zmq.asyncio.Socket]:
    """A bare socket, for what no client would send."""
    with zmq.asyncio.Context() as context, context.socket(kind) as bare:
        bare.setsockopt(zmq.LINGER, 0)
        bare.connect(address)
        yield bare


async def until(true: Callable[[], bool]) -> None:
    """Wait for what another task or thread does; `run` bounds it."""
    while not true():
        await asyncio.sleep(0.005)


def test_many_users_get_their_own_images() -> None:
    async def user(address: str, name: str, numbers: range) -> None:
        async with AsyncClient(address, name) as client:
            answers = await asyncio.gather(*(client.decode(section(n)) for n in numbers))
            assert [a.image.tobytes() for a in answers] == [
                picture(request(name, n)) for n in numbers
            ]
            assert client.stray == 0

    async def story() -> None:
        async with serving(ProcessRunner("serve_fakes:Painter")) as server:
            await asyncio.gather(
                *(user(server.address, f"user {u}", range(100 * u, 100 * u + 20)) for u in range(8))
            )
            stats = server.service.stats
            assert stats.accepted == stats.answered[Status.OK] == 160
            assert stats.batches < 160

    run(story())


def test_the_blocking_client_needs_no_event_loop() -> None:
    async def story() -> None:
        async with serving(ProcessRunner("serve_fakes:Moody")) as server:

            def ordinary_code() -> tuple[Answer, Answer]:
                with Client(server.address, "ann") as client:
                    with pytest.raises(ServiceError, match="thirteen") as error:
                        client.decode(section(13))
                    assert error.value.status is Status.FAILED
                    return client.decode(section(5)), client.decode(section(5))

            first, second = await asyncio.to_thread(ordinary_code)
            assert first.image.shape == (2, 3, 3)
            assert (first.source, second.source) == (Source.COMPUTED, Source.CACHED)

    run(story())


def test_a_client_that_waits_in_vain_says_so() -> None:
    expected = pytest.raises(TimeoutError, match=r"no answer in 0\.1 s")
    with Client("tcp://127.0.0.1:9", "ann", timeout_s=0.1) as client, expected:
        client.decode(section(1))

    async def story() -> None:
        async with AsyncClient("tcp://127.0.0.1:9", "ann", timeout_s=0.1) as client:
            with pytest.raises(TimeoutError, match=r"no answer in 0\.1 s"):
                await client.decode(section(1))

    run(story())


def test_busy_is_said_at_once_and_the_client_comes_back() -> None:
    async def story() -> None:
        hand = HandRunner()
        async with (
            serving(hand, queue_per_user=1) as server,
            AsyncClient(server.address, "ann") as client,
        ):
            first = asyncio.create_task(client.decode(section(1)))
            await hand.next()
            answer = await client.ask(section(2))  # the first one is still being computed
            assert answer.status is Status.BUSY
            assert answer.retry_after_s > 0
            second = asyncio.create_task(client.decode(section(2)))
            await until(lambda: server.service.stats.turned_away[Status.BUSY] >= 2)
            hand.finish()
            await first
            assert await hand.next() == [2]
            hand.finish()
            assert (await second).status is Status.OK

    run(story())


def test_a_cancelled_wait_cancels_the_request_at_the_service() -> None:
    async def story() -> None:
        hand = HandRunner()
        async with serving(hand) as server, AsyncClient(server.address, "ann") as client:
            first = asyncio.create_task(client.decode(section(1)))
            await hand.next()
            second = asyncio.create_task(client.decode(section(2)))
            stats = server.service.stats
            await until(lambda: stats.accepted == 2)
            second.cancel()
            await until(lambda: stats.answered[Status.CANCELLED] == 1)
            hand.finish()
            await first
            assert hand.batches.empty()

    run(story())


def test_a_request_sent_twice_is_answered_once() -> None:
    async def story() -> None:
        hand = HandRunner()
        async with serving(hand) as server, peer(server.address) as bare:
            await bare.send(wire.pack(request("ann", 1, 7)))
            await hand.next()
            await bare.send(wire.pack(request("ann", 1, 7)))
            await bare.send(wire.pack(request("ann", 2, 8)))
            await until(lambda: server.service.stats.accepted == 2)
            hand.finish()
            await hand.next()
            hand.finish()
            numbers = [wire.unpack(await bare.recv()).request_id for _ in range(2)]
            assert numbers == [7, 8]
            assert server.repeated == 1

    run(story())


GOOD = wire.pack(request("ann", 1, 1))


@pytest.mark.parametrize(
    "frames",
    [
        [b""],
        [b"junk"],
        [b"GNSV"],
        [bytes(300)],
        [GOOD[:-1]],
        [GOOD[:20] + b"\xff" + GOOD[21:]],
        [GOOD[:4] + b"\x63" + GOOD[5:]],
        [b"", GOOD],
        [GOOD, GOOD],
        [wire.pack(Answer(1, Status.OK))],
    ],
)
def test_junk_is_counted_and_dropped_with_one_line(frames: list[bytes]) -> None:
    async def story() -> None:
        lines: list[str] = []
        hand = HandRunner()
        async with serving(hand, lines.append) as server:
            async with peer(server.address) as bare:
                for _ in range(3):
                    await bare.send_multipart(frames)
                await bare.send(wire.pack(request("ann", 1, 5)))  # and it is still served
                await hand.next()
                hand.finish()
                assert wire.unpack(await bare.recv()).request_id == 5
            assert server.junk == 3
            assert len(lines) == 1
            assert lines[0].startswith("dropped junk (1 so far)")

    run(story())


@pytest.mark.parametrize("words", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 4, b"\xff" * 64])
def test_a_peer_that_does_not_speak_zeromq_is_junk(words: bytes) -> None:
    async def story() -> None:
        lines: list[str] = []
        async with serving(HandRunner(), lines.append) as server:
            host, port = server.address.removeprefix("tcp://").split(":")
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(words)
            await until(lambda: server.junk == 1)
            assert lines == ["dropped junk (1 so far): a peer that does not speak ZeroMQ"]

    run(story())


def test_answers_for_a_client_that_left_are_counted_and_hurt_nobody() -> None:
    async def story() -> None:
        hand = HandRunner()
        async with serving(hand) as server, AsyncClient(server.address, "bob") as client:
            async with peer(server.address) as bare:
                await bare.send(wire.pack(request("ann", 1, 5)))
                await hand.next()
            waiting = asyncio.create_task(client.decode(section(2)))
            await until(lambda: server.service.stats.accepted == 2)
            # Whether the socket has noticed the leaving by now is not ours to say.
            hand.finish()
            await hand.next()
            hand.finish()
            assert (await waiting).status is Status.OK
            assert server.service.stats.answered[Status.OK] == 2

    run(story())


def test_a_graceful_stop_delivers_what_was_accepted_and_turns_the_rest_away() -> None:
    async def story() -> None:
        hand = HandRunner()
        async with serving(hand, max_batch=2) as server, AsyncClient(server.address, "ann") as ann:
            tasks = [asyncio.create_task(ann.decode(section(n))) for n in range(5)]
            await until(lambda: server.service.stats.accepted == 5)
            stop = asyncio.create_task(server.stop())
            with pytest.raises(ServiceError) as error:
                await ann.decode(section(9))
            assert error.value.status is Status.STOPPING
            while not all(task.done() for task in tasks):
                if hand.running:
                    hand.finish()
                await asyncio.sleep(0)
            assert [t.result().status for t in tasks] == [Status.OK] * 5
            await stop

    run(story())


@pytest.mark.parametrize("address", ["nonsense", "tcp://256.0.0.1:1", "tcp://127.0.0.1"])
def test_an_address_that_is_none_is_refused_by_name(address: str) -> None:
    async def story() -> None:
        with pytest.raises(UserError, match=address):
            await Server(Service([HandRunner()]), address).start()

    run(story())


def test_a_taken_address_is_refused_by_name() -> None:
    async def story() -> None:
        async with serving(HandRunner()) as server:
            with pytest.raises(UserError, match="in use"):
                await Server(Service([HandRunner()]), server.address).start()

    run(story())
