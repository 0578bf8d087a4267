"""Message blocks that only host applications need: feeding, watching and dropping PDUs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pmt
from numpy.typing import NDArray

from gensc.link.level import Level
from gnuradio import gr
from gnuradio.gensc.message_ports import message_block
from gnuradio.gensc.metadata import ImageKey, Metadata, read_pdu

_RX_TIME = pmt.intern("rx_time")


class PduSource(message_block):
    """Sends PDUs on [out], in order, then ends the stream.

    Args:
        pdus: taken one by one as the blocks downstream have room. Where making one fails, that is
            dropped with a line, and the next is asked for; of a generator there is none.
    """

    def __init__(self, pdus: Iterable[Any]) -> None:
        message_block.__init__(self, "pdu_source")
        self._pdus = iter(pdus)
        self._closed = False
        self.setup_ports({"next": self.driven("next", self._next)}, ["out"])

    def start(self) -> bool:
        """Begin with the first PDU."""
        self.drive("next")
        return super().start()

    def close(self) -> None:
        """End the stream after the PDU under way; may be called from any thread."""
        self._closed = True

    def _next(self) -> bool:
        pdu = None if self._closed else next(self._pdus, None)
        if pdu is None:
            self.finish()
            return False
        self.publish("out", pdu)
        return True


class PduFollower(message_block):
    """Sends one PDU on [out] after the last section of every image that passes at [in].

    It makes a caption follow its picture: sent side by side, their order on the air, and with it
    the noise each of them meets, would be left to chance.

    Args:
        make: the PDU that follows, from the metadata of the section before, whose `sections` says
            which one is the last.
    """

    def __init__(self, make: Callable[[Metadata], Any]) -> None:
        message_block.__init__(self, "pdu_follower")
        self._make = make
        self._key: ImageKey | None = None
        self._passed = 0
        self.setup_ports({"in": self._follow}, ["out"])

    def _follow(self, pdu: Any) -> None:
        before, _ = read_pdu(pdu, np.complex64, require=("image_id",))
        if before.key != self._key:
            self._key, self._passed = before.key, 0
        self._passed += 1
        if self._passed >= (before.sections or 1):
            self._key = None
            self.publish("out", self._make(before))


@dataclass(frozen=True)
class Seen:
    """A PDU that passed a `PduCollector`, and when (`time.perf_counter` seconds)."""

    metadata: Metadata
    data: np.ndarray
    time: float


class PduCollector(message_block):
    """Keeps what arrives at [in], or hands it to `on_pdu` and forgets it; passes it to [out].

    Wired in series its time stamps follow the order of events; beside a block they would not.

    Args:
        dtype: of the PDUs' data.
        on_pdu: called for each PDU in the block's own thread.
    """

    def __init__(
        self, dtype: type[np.generic], on_pdu: Callable[[Seen], None] | None = None
    ) -> None:
        message_block.__init__(self, "pdu_collector")
        self.dtype = dtype
        self.on_pdu = on_pdu
        self.seen: list[Seen] = []
        self.setup_ports({"in": self._take}, ["out"])

    def _take(self, pdu: Any) -> None:
        metadata, data = read_pdu(pdu, self.dtype)
        seen = Seen(metadata, data, time.perf_counter())
        if self.on_pdu is None:
            self.seen.append(seen)
        else:
            self.on_pdu(seen)
        self.publish("out", pdu)


class FragmentDropper(message_block):
    """Passes [in] to [out] without the fragments of the given numbers: losses on order.

    Args:
        lost: numbers of the fragments.
        section: the kind of section they are of.
    """

    def __init__(self, lost: frozenset[int], section: str = "analog") -> None:
        message_block.__init__(self, "fragment_dropper")
        self.lost = lost
        self.section = section
        self.taken = 0
        self.setup_ports({"in": self._pass}, ["out"])

    def _pass(self, pdu: Any) -> None:
        metadata = Metadata.from_pmt(pmt.car(pdu), require=("section", "fragment"))
        if metadata.section == self.section and metadata.fragment in self.lost:
            self.taken += 1
        else:
            self.publish("out", pdu)


class StreamGate(gr.sync_block):
    """Passes samples until `close`, which ends the stream; what is behind it then runs dry.

    Attributes:
        level: of the samples that passed.
        restarts: times that the source has begun anew in mid-stream, as UHD does at an overflow.
    """

    def __init__(self) -> None:
        gr.sync_block.__init__(self, "stream_gate", [np.complex64], [np.complex64])
        self.level = Level()
        self.restarts = 0
        self._closed = threading.Event()

    def close(self) -> None:
        """End the stream; may be called from any thread."""
        self._closed.set()

    def work(
        self, input_items: list[NDArray[np.complex64]], output_items: list[NDArray[np.complex64]]
    ) -> int:
        """Pass on what there is."""
        if self._closed.is_set():
            return -1
        samples = input_items[0]
        output_items[0][:] = samples
        self.level.add(samples)
        # UHD tells the time at the start and again behind every overflow.
        times = self.get_tags_in_window(0, 0, len(samples), _RX_TIME)
        self.restarts += sum(tag.offset > 0 for tag in times)
        return len(samples)
