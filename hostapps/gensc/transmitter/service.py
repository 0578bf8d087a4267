"""The transmitter as a service: images from their sources through the queue to the air.

One image at a time: it is chosen how it is sent, encoded, written down, announced to the receiver,
put on the air. What the receiver reports decides how the next one is sent, and what becomes of
those before: stored, sent again, lost, given up. One thread does all of this and has the books;
reports wait for it in a bounded queue.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from gensc.data.images import load_image
from gensc.link.driver_output import caught
from gensc.remote.keys import load_pair, load_public
from gensc.remote.reports import (
    Bye,
    Have,
    Hello,
    ImageReport,
    Report,
    Sent,
    Snr,
)
from gensc.remote.sockets import ReportClient
from gensc.system import codecs
from gensc.system.errors import UserError
from gensc.transmitter import build
from gensc.transmitter.asking import Asking
from gensc.transmitter.chain import SendChain
from gensc.transmitter.choice import Chosen
from gensc.transmitter.config import TransmitterConfig
from gensc.transmitter.gather import Fragment
from gensc.transmitter.queue import Item, Queue
from gensc.transmitter.reliable import Retransmissions
from gensc.transmitter.sender import Sender
from gensc.transmitter.watch import Source, digest, enter
from gensc_phy.waveform.session import SESSIONS, draw_session

#: Reports that wait for the service at most.
INBOX = 4096
#: Seconds between two looks at the sources, and at what is overdue.
LOOK_S = 0.25
#: Seconds that a service which is stopped waits for answers.
LAST_S = 1.0
_IDLE_S = 0.05


class Transmitter:
    """The service.

    Args:
        config: all about it.
        say: takes lines for people.
        air: the block that takes the samples, instead of the one that `config.air` names.
        clock: seconds of a clock that never runs backwards, by which reports age.
        on_choice: told how an image is to be sent, before it is encoded.
        on_sent: told what was announced, before its bursts are on the air.

    Attributes:
        queue: the books; only while the service does not run.
        session: the tag of what is sent now.

    Raises:
        UserError: no source, what is named cannot be had, or the queue is another process's.
    """

    def __init__(
        self,
        config: TransmitterConfig,
        say: Callable[[str], None] = lambda line: None,
        *,
        air: Any = None,
        clock: Callable[[], float] = time.monotonic,
        on_choice: Callable[[Chosen], None] = lambda chosen: None,
        on_sent: Callable[[Sent], None] = lambda sent: None,
    ) -> None:
        self.config, self._say = config, say
        self._on_choice, self._on_sent = on_choice, on_sent
        self._inbox: queue.Queue[Report | None] = queue.Queue(INBOX)
        self._ignored = 0  # reports for which there was no room
        self._counted = {"snr_reports": 0, "not_queued": 0}
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._sender = Sender(config, self._closing.is_set, say)
        self._chooser = build.chooser(config, self._sender.scheme, self._sender.waveform, clock)
        self._again = Retransmissions(config.reports.resend)
        self._asking, self._unasked = Asking(), threading.Event()
        self._client: ReportClient | None = None
        self._sources: list[Source] = build.sources(config)
        self.queue = Queue(config.queue)
        self.session = self._image_id = 0
        try:
            self._new_session()
            self._client = self._connect_reports()
            # Last: what is open now is closed by the flowgraph's end.
            self._sender.open(air)
        except BaseException:
            if self._client is not None:
                self._client.close()
            self.queue.close()
            raise

    @property
    def chain(self) -> SendChain:
        """The flowgraph."""
        return self._sender.chain

    # ------------------------------------------------------------------ from outside

    def start(self) -> None:
        """Start the flowgraph and the service's thread."""
        self._sender.start()
        self._thread = threading.Thread(target=self._run, name="gensc-transmitter")
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Wait until the service has ended by itself; False where it has not in that time."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def close(self) -> None:
        """Stop after the image that is under way; what is queued waits for the next start.

        Raises:
            Exception: what had ended the service, if not this.
        """
        self._closing.set()
        self._wake()
        if self._thread is not None:
            self._thread.join()
            if self._client is not None:
                self._client.send(Bye(self.session, min(self._image_id, SESSIONS)))
        self._sender.close()
        if self._client is not None:
            self._client.close()
        self.queue.close()
        for source in self._sources:
            getattr(source, "close", lambda: None)()
        if self._error is not None:
            raise self._error

    def run(self) -> dict[str, int]:
        """Serve until all is done, or Ctrl-C; the counters at the end.

        Raises:
            Exception: as `start` and `close`.
        """
        with caught():
            try:
                self.start()
                while not self.wait(0.2):
                    continue
            except KeyboardInterrupt:
                self._closing.set()
            return self.close_and_count()

    def close_and_count(self) -> dict[str, int]:
        """Close; the counters as they are then."""
        self._closing.set()
        self._wake()
        if self._thread is not None:
            self._thread.join()
        sums = self.counters()
        self.close()
        return sums

    def counters(self) -> dict[str, int]:
        """Images by state, which add up to `images`, and what was sent and heard for it.

        Call it from the service's thread, or when that has ended.
        """
        sums = {name.replace(" ", "_"): count for name, count in self.queue.sums().items()}
        client = self._client
        return sums | {
            "bursts": self._sender.released,
            "reports": 0 if client is None else client.received,
            "reports_dropped": self._ignored + (0 if client is None else client.dropped),
            "reports_not_sent": 0 if client is None else client.undelivered,
            **self._counted,
        }

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        try:
            due = 0.0
            while not self._closing.is_set():
                if self._unasked.is_set():
                    self._unasked.clear()
                    self._ask()
                self._hear(0.0)
                if time.monotonic() >= due:
                    self._look()
                    due = time.monotonic() + LOOK_S
                if not self._work():
                    if self._is_done():
                        break
                    self._hear(_IDLE_S)
            self._hear_the_last()
        except BaseException as error:
            self._error = error

    def _hear_the_last(self) -> None:
        """Answers to what has just left, for a moment; at the next start the rest is asked for."""
        until = time.monotonic() + LAST_S
        while (
            self._client is not None
            and self._client.is_connected
            and self.queue.in_flight()
            and time.monotonic() < until
        ):
            self._hear(_IDLE_S)

    def _is_done(self) -> bool:
        """All sources have ended, and every image is answered for."""
        sums = self.queue.sums()
        open_ = sums["queued"] + (sums["sent"] if self._client is not None else 0)
        return not open_ and all(source.ended for source in self._sources)

    def _ask(self) -> None:
        """Ask what has become of all that is not answered for."""
        assert self._client is not None
        self._asking.begin(self.queue.unanswered(), time.monotonic())
        for ask in self._asking.asks():
            self._client.send(ask)

    def _look(self) -> None:
        for source in self._sources:
            enter(source, self.queue, self._not_queued)
        reports = self.config.reports
        if self._client is not None and (self._client.is_connected or not reports.wait):
            for item in self.queue.overdue(time.time() - reports.answer_s):
                self.queue.failed(item, "given up", "no answer from the receiver", reports.tries)

    def _not_queued(self, line: str) -> None:
        self._counted["not_queued"] += 1
        self._say(line)

    def _work(self) -> bool:
        """One thing that is to be done; False where there is none."""
        again = self._again.next()
        if again is not None:
            self._send_again(*again)
            return True
        if not self._may_send():
            return False
        item = self.queue.next()
        if item is None:
            return False
        self._send(item)
        return True

    def _may_send(self) -> bool:
        client, reports = self._client, self.config.reports
        if client is None:
            return True
        if reports.wait and not client.is_connected:
            return False
        if self._asking.is_open(time.monotonic()):
            return False
        for item in self._asking.left_over(self.queue, self.session):
            self.queue.again(item, "the transmitter was stopped")
        return self.queue.in_flight() < reports.window

    # ------------------------------------------------------------------ sending

    def _send(self, item: Item) -> None:
        try:
            image = load_image(item.path, self.config.source.max_side)
            if digest(item.path)[0] != item.sha256:
                raise UserError(f"{item.path}: no longer what was queued")
            if self._image_id >= SESSIONS:
                self._new_session()
            key = self.session, self._image_id
            height, width, _ = image.shape
            codecs.check_fits(item.path, image.shape, 1)
            chosen = self._chooser.choose(height, width)
            self._on_choice(chosen)
            parts = self._sender.encode(item, image, key, chosen)
        except UserError as error:
            self._give_up(item, str(error))
            return
        self._image_id += 1
        sent = self._sender.announcement(item, image.shape, key, chosen, parts)
        self.queue.announce(item, *key, sent.reason)
        if self._client is not None:
            self._client.send(sent)
        self._on_sent(sent)
        self._again.keep(key, parts)
        if self._sender.release(parts):
            self.queue.left(item, *key)

    def _send_again(self, key: tuple[int, int], parts: list[Fragment]) -> None:
        self.queue.resent(*key, len(parts))
        self._sender.release(parts)

    def _give_up(self, item: Item, cause: str) -> None:
        self._say(f"{item.name}: given up: {cause}")
        self.queue.failed(item, "given up", cause, tries=0)

    # ------------------------------------------------------------------ reports

    def _connect_reports(self) -> ReportClient | None:
        told = self.config.reports
        if not told.address:
            return None
        keys = load_pair(told.keys) if told.keys else None
        server = load_public(told.receiver_key) if told.receiver_key else b""
        client = ReportClient(told.address, self._put, self._receiver_is_there, keys, server)
        self._client = client
        self._unasked.set()
        client.start()
        return client

    def _receiver_is_there(self) -> None:
        """In the socket's thread: say who this is, and have it asked about what was sent."""
        assert self._client is not None
        self._client.send(Hello(self.session, self.config.reports.name[:64]))
        self._unasked.set()

    def _put(self, report: Report) -> None:
        try:
            self._inbox.put_nowait(report)
        except queue.Full:
            self._ignored += 1

    def _wake(self) -> None:
        try:
            self._inbox.put_nowait(None)
        except queue.Full:  # it is awake
            return

    def _hear(self, wait_s: float) -> None:
        """Take the reports that wait; wait so long for a first one."""
        try:
            report = self._inbox.get(timeout=wait_s) if wait_s else self._inbox.get_nowait()
            while True:
                self._take(report)
                report = self._inbox.get_nowait()
        except queue.Empty:
            return

    def _take(self, report: Report | None) -> None:
        if isinstance(report, Snr):
            self._counted["snr_reports"] += 1
            self._chooser.report(report)
        elif isinstance(report, ImageReport):
            self._take_image(report)
        elif isinstance(report, Have):
            self.queue.stored(report.session, report.ids)
            self._asking.answered(report)

    def _take_image(self, report: ImageReport) -> None:
        key = report.session, report.image_id
        if report.fate == "stored":
            self.queue.stored(report.session, [report.image_id])
            self._again.forget(key)
        elif report.fate == "damaged":
            self._again.report(report)
        else:
            self._again.forget(key)
            item = self.queue.of(*key)
            if item is not None and self.queue.is_newest(item, *key):
                heard = f"{report.received} of {report.fragments} bursts"
                cause = f"the receiver has lost it: {heard}"
                self.queue.failed(item, "lost", cause, self.config.reports.tries)

    def _new_session(self) -> None:
        """A tag that no attempt in the books has, so that answers mean one image."""
        if self._client is not None:
            self._client.send(Bye(self.session, self._image_id))
        self.session = draw_session()
        for _ in range(64):
            if not self.queue.knows(self.session):
                break
            self.session = draw_session()
        self._image_id = 0
        if self._client is not None and self._client.is_connected:
            self._client.send(Hello(self.session, self.config.reports.name[:64]))
