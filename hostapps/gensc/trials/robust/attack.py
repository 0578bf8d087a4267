"""Hostile messages at a port, and the account of what it made of them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import zmq

from gensc.trials.robust.hostile import Hostile, hostile
from gensc.trials.robust.ports import Port

_AT_ONCE = 500
_PATIENCE_S = 60.0
#: Share of the messages after which memory counts as that of a port at work.
_WARM = 0.1


@dataclass
class Attacked:
    """What became of a port.

    Attributes:
        port: its name.
        kinds: messages sent by kind; those that are too long are beside the others, because
            ZeroMQ lets go of who sends them.
        sent, taken, dropped: messages; every one is taken or dropped.
        crashed, why: its process did not end as it should.
        alive: an honest message was taken at the end.
        before_mib, after_mib: memory after the first tenth of the messages, and after the last.
        seconds: it took.
        memory: (messages sent, MiB) along the way.
    """

    port: str
    kinds: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    taken: int = 0
    dropped: int = 0
    crashed: bool = False
    why: str = ""
    alive: bool = False
    before_mib: float = 0.0
    after_mib: float = 0.0
    seconds: float = 0.0
    memory: list[tuple[int, float]] = field(default_factory=list)

    @property
    def unaccounted(self) -> int:
        """Messages that were neither taken nor dropped."""
        return abs(self.sent - self.taken - self.dropped)


class _Child:
    """The process with the port."""

    def __init__(self, name: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gensc.trials.robust.ports", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.address = str(self._read()["address"])

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):  # GNU Radio logs to stdout
                return json.loads(line)
        raise BrokenPipeError(f"the port ended with {self._process.wait()}")

    def ask(self) -> dict[str, Any]:
        """Counts and memory."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._read()

    def end(self) -> bool:
        """Close it; whether it ended well."""
        try:
            self._process.communicate("close\n", timeout=_PATIENCE_S)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        return self._process.returncode == 0


def attack(port: type[Port], count: int, seed: int = 0) -> Attacked:
    """Send so many hostile messages; a port that crashes is told as such."""
    told = Attacked(port.name)
    started = time.monotonic()
    child = _Child(port.name)
    try:
        with zmq.Context() as context:
            _attack(
                port,
                child,
                context,
                hostile(count, port.good(), port.seal if port.sealed else None, seed),
                count,
                told,
            )
    except BrokenPipeError as error:
        told.crashed, told.why = True, str(error)
    told.crashed |= not child.end()
    told.seconds = time.monotonic() - started
    return told


def _attack(
    port: type[Port],
    child: _Child,
    context: zmq.Context[zmq.Socket[bytes]],
    messages: Iterator[Hostile],
    count: int,
    told: Attacked,
) -> None:
    with _connected(context, port, child.address) as socket:
        while some := list(islice(messages, _AT_ONCE)):
            for message in some:
                socket.send_multipart(message.parts)
                told.kinds[message.kind] += 1
                told.sent += 1
            counts = _wait(child, told.sent)
            told.memory.append((told.sent, counts["memory_mib"]))
            if told.sent <= max(_AT_ONCE, _WARM * count):
                told.before_mib = counts["memory_mib"]
        told.taken, told.dropped = counts["taken"], counts["dropped"]
    _too_long(port, child, context, told)
    taken = child.ask()["taken"]
    with _connected(context, port, child.address) as socket:
        deadline = time.monotonic() + _PATIENCE_S
        while not told.alive and time.monotonic() < deadline:
            socket.send(port.good()[-1])
            time.sleep(0.05)
            told.alive = child.ask()["taken"] > taken
    told.after_mib = child.ask()["memory_mib"]


def _too_long(
    port: type[Port], child: _Child, context: zmq.Context[zmq.Socket[bytes]], told: Attacked
) -> None:
    """Messages that are longer than the port takes, each from a peer of its own."""
    for _ in range(3):
        with _connected(context, port, child.address) as socket:
            socket.send(bytes(port.limit + 1))
            told.kinds["too long"] += 1
            time.sleep(0.2)
            child.ask()


def _connected(
    context: zmq.Context[zmq.Socket[bytes]], port: type[Port], address: str
) -> zmq.Socket[bytes]:
    socket = context.socket(port.sender)
    socket.setsockopt(zmq.SNDHWM, 0)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.IMMEDIATE, int(port.sender == zmq.PUSH))
    socket.connect(address)
    time.sleep(0.3)  # who subscribes says so first
    return socket


def _wait(child: _Child, sent: int) -> dict[str, Any]:
    """Counts when all that was sent has been taken or dropped, or nothing more happens."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        counts = child.ask()
        if counts["taken"] + counts["dropped"] >= sent or time.monotonic() > deadline:
            return counts
        time.sleep(0.01)
