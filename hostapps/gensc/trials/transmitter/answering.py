"""A receiver that decodes no pictures: it sees whether they could be, and reports.

What it says is stored it keeps in memory, so that a transmitter can be killed and held against it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gensc.remote.reports import (
    MAX_MISSING,
    SNR_RANGE_DB,
    Ask,
    Have,
    ImageReport,
    Missing,
    Report,
    Sent,
    Snr,
)
from gensc.remote.sockets import ReportServer
from gensc_phy.coding.bits import decode_bits
from gnuradio.gensc.mcs_choice import mcs_by_index
from gnuradio.gensc.message_ports import message_block
from gnuradio.gensc.metadata import known, read_pdu

Key = tuple[int, int]
_TICK_S = 0.05


@dataclass
class Heard:
    """An image under way.

    Attributes:
        sent: its announcement; None until that is heard.
        parts: the fragments that have arrived.
        of: fragments of each of its sections, as their headers say.
        good: of each section that is complete, whether it is what was sent.
        snrs_db: of its bursts.
        at: when the last one arrived, or it was announced.
        since: when it was first heard of.
        told: when it was reported damaged.
    """

    sent: Sent | None = None
    parts: set[tuple[str, int, int]] = field(default_factory=set)
    of: dict[tuple[str, int], int] = field(default_factory=dict)
    good: dict[tuple[str, int], bool] = field(default_factory=dict)
    snrs_db: list[float] = field(default_factory=list)
    at: float = 0.0
    since: float = 0.0
    told: float = 0.0


class Answering(message_block):
    """Takes the [fragment]s of a burst_rx, passes them on, and takes the [section]s made of them.

    In series with the assembler: beside it, sections could overtake their fragments.

    Args:
        address: ZeroMQ address that it binds for reports.
        patience_s: an image of which nothing more arrives for so long is reported damaged.
        deadline_s: and after so long lost.
        on_image: told what became of each image, and its announcement.

    Attributes:
        server: of the reports.
        stored: SHA-256 of the original of every image that was acknowledged.
        first: when the first burst of each session arrived, `time.monotonic`.
    """

    def __init__(
        self,
        address: str = "tcp://127.0.0.1:*",
        patience_s: float = 0.5,
        deadline_s: float = 5.0,
        on_image: Callable[[str, Sent | None], None] = lambda fate, sent: None,
    ) -> None:
        message_block.__init__(self, "answering")
        self.stored: dict[Key, str] = {}
        self.first: dict[int, float] = {}
        self.announced: dict[Key, Sent] = {}
        self._patience_s, self._deadline_s, self._on_image = patience_s, deadline_s, on_image
        self._lock = threading.RLock()
        self._images: dict[Key, Heard] = {}
        self._closed: set[Key] = set()
        self._ending = threading.Event()
        self.server = ReportServer(address, self._report)
        self.server.start()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._ticker.start()
        # The sections close a loop through the assembler.
        self.setup_ports(
            {"fragment": self._fragment, "section": self._section}, ["fragment"], None, ["section"]
        )

    def close(self) -> None:
        """Stop reporting."""
        self._ending.set()
        self._ticker.join()
        self.server.close()

    def _report(self, peer: bytes, report: Report) -> None:
        with self._lock:
            if isinstance(report, Ask):
                ids = tuple(i for i in report.ids if (report.session, i) in self.stored)
                self.server.send(peer, Have(report.session, ids))
            elif isinstance(report, Sent):
                key = report.session, report.image_id
                self.announced[key] = report
                image = self._image(key)
                image.sent = report
                image.of |= {
                    (part.section, part.stream): part.fragments for part in report.sections
                }
                self._check(key)

    def _image(self, key: Key) -> Heard:
        now = time.monotonic()
        return self._images.setdefault(key, Heard(at=now, since=now))

    def _fragment(self, pdu: Any) -> None:
        meta, _ = read_pdu(pdu, np.complex64, ("session", "image_id", "fragment", "snr_db"))
        key = known(meta.session), known(meta.image_id)
        with self._lock:
            self.first.setdefault(key[0], time.monotonic())
            if key not in self._closed:
                image, section = self._image(key), (known(meta.section), meta.stream or 0)
                image.parts.add((*section, known(meta.fragment)))
                image.of[section] = known(meta.fragments)
                image.snrs_db.append(known(meta.snr_db))
                image.at = time.monotonic()
        self.publish("fragment", pdu)

    def _section(self, pdu: Any) -> None:
        meta, symbols = read_pdu(pdu, np.complex64, ("session", "image_id", "noise_var", "total"))
        key = known(meta.session), known(meta.image_id)
        good = meta.fragments_received == meta.fragments
        if good and meta.section == "bits":
            mcs = mcs_by_index(known(meta.rate))
            good = decode_bits(symbols, known(meta.noise_var), known(meta.total), mcs).crc_ok
        with self._lock:
            if key not in self._closed:
                self._image(key).good[known(meta.section), meta.stream or 0] = good
                self._check(key)

    def _check(self, key: Key) -> None:
        """Report an image that is whole."""
        image = self._images[key]
        if image.sent is None or sum(image.of[s] for s in image.good) < image.sent.bursts:
            return
        self._finish(key, "stored" if all(image.good.values()) else "lost")

    def _finish(self, key: Key, fate: str) -> None:
        image = self._images.pop(key)
        self._closed.add(key)
        if image.snrs_db:
            # Where a transmitter is killed in mid-burst, what follows is anything but one.
            snrs = np.clip(image.snrs_db, *SNR_RANGE_DB)
            mean = float(10 * np.log10(np.mean(10 ** (snrs / 10))))
            spread = float(np.std(snrs))
            self.server.tell(key[0], Snr(mean, spread, len(image.snrs_db)))
        if fate == "stored" and image.sent is not None:
            self.stored[key] = image.sent.sha256
        self._tell(key, image, fate)
        self._on_image(fate, image.sent)

    def _tell(self, key: Key, image: Heard, fate: str) -> None:
        missing = [
            Missing(*section, number)
            for section, count in image.of.items()
            for number in range(count)
            if (*section, number) not in image.parts
        ]
        fragments = image.sent.bursts if image.sent else sum(image.of.values())
        report = ImageReport(
            *key, fate, fragments, len(image.parts), tuple(missing[:MAX_MISSING]), None, None
        )
        self.server.tell(key[0], report)

    def _tick(self) -> None:
        while not self._ending.wait(_TICK_S):
            now = time.monotonic()
            with self._lock:
                for key, image in list(self._images.items()):
                    if now - image.since > self._deadline_s:
                        self._finish(key, "lost")
                    elif now - max(image.at, image.told) > self._patience_s:
                        image.told = now
                        self._tell(key, image, "damaged")
