"""One source of a receiver service: its flowgraph, started again where it ends by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gensc.receiver.chain import Chain
from gensc.receiver.config import ReceiverConfig, SourceConfig
from gensc.receiver.kinds import LOOPBACK, PDUS
from gensc.receiver.taps import ChainSettings, Taps
from gensc.system.errors import UserError

RUNNING, WAITING, ENDED = "running", "waiting", "ended"
#: Seconds before a source that has ended is opened again; doubled up to the longest.
_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0
#: Kinds that may come back after their end.
_LIVE = ("zmq", PDUS, "pluto", "uhd", "soapy")


class Source:
    """The source.

    Args:
        config: of this one.
        receiver: of the service.
        taps: who is told of what passes.
        say: told a line where something is wrong.

    Attributes:
        chain: the flowgraph that runs, or ran last.
        restarts: times it was opened again.

    Raises:
        UserError: it cannot be opened.
    """

    def __init__(
        self,
        config: SourceConfig,
        receiver: ReceiverConfig,
        taps: Taps,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.config, self._receiver, self._taps, self._say = config, receiver, taps, say
        self.place = config.place()
        self.restarts = 0
        self._closing = threading.Event()
        self._pause_s, self._due = _PAUSE_S, 0.0
        self._before: dict[str, Any] = {}
        self.loopback: Any = None
        self.chain = self._open()

    def _open(self) -> Chain:
        config, deadlines = self.config, self._receiver.deadlines
        settings = ChainSettings(
            places=self._receiver.models,
            copies=config.copies,
            cfo_range_hz=config.cfo_range_hz,
            quiet_s=deadlines.quiet_s if self.place.kind != "file" else 0.0,
            section_s=deadlines.section_s,
            bind=config.bind,
            keep_open=True,
            pdus=config.pdus,
            probe=True,
        )
        taps = self._taps
        if self.place.kind == LOOPBACK:
            taps = replace(taps, open=self._loop)
        return Chain(self.place, config.settings(), settings, taps)

    def _loop(self, top: Any, waveform: Any) -> Any:
        from gensc.receiver.loopback import Loopback

        self.loopback = Loopback(self.config.loopback, top, waveform, self._say)
        return self.loopback

    @property
    def name(self) -> str:
        """Of the configuration."""
        return self.config.name

    def start(self) -> None:
        """Start receiving."""
        self.chain.start()

    def tick(self) -> None:
        """Open it again where it has ended and its pause is over."""
        if self._closing.is_set() or not self.chain.ended or self.place.kind not in _LIVE:
            return
        now = time.monotonic()
        if not self._due:
            self._due = now + self._pause_s
            self._say(f"{self.name}: {self.place} has ended; opened again in {self._pause_s:g} s")
        if now < self._due:
            return
        try:
            before = self.counters()
            self.chain = self._open()
            self.chain.start()
        except UserError as error:
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
            self._due = now + self._pause_s
            self._say(f"{self.name}: {error}; tried again in {self._pause_s:g} s")
            return
        self._before, self._due, self._pause_s = before, 0.0, _PAUSE_S
        self.restarts += 1

    def busy(self) -> bool:
        """Its decoders have work; a recording is read as fast as the machine can, and no clock
        says that something of it is late."""
        live = self.place.kind in (*_LIVE, LOOPBACK)
        return self.chain.backlog() > 0 or not (live or self.chain.ended)

    def state(self) -> str:
        """Running, waiting to be opened again, or ended for good."""
        if not self.chain.ended:
            return RUNNING
        return WAITING if self.place.kind in _LIVE and not self._closing.is_set() else ENDED

    def counters(self) -> dict[str, Any]:
        """Sums since the service began."""
        now = self.chain.counters()
        return {name: self._before.get(name, 0) + value for name, value in now.items()}

    def close(self) -> None:
        """End its stream; `wait` tells when all has come out."""
        self._closing.set()
        self.chain.close()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end; what takes longer is stopped, and what was under way is lost."""
        if self.chain.wait(timeout_s):
            return True
        self.chain.stop()
        return self.chain.wait(timeout_s)
