"""One image at a time on its way to the air: encoded, held until it is announced, let go."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc.caption.choose import choose_captioner
from gensc.link.blocks import PduSource
from gensc.link.schemes import load_scheme
from gensc.remote.reports import Sent
from gensc.system.errors import UserError
from gensc.transmitter import build
from gensc.transmitter.chain import SendChain
from gensc.transmitter.choice import Chosen
from gensc.transmitter.config import TransmitterConfig
from gensc.transmitter.encoders import Encoders
from gensc.transmitter.gather import Fragment, Gather, sections_of
from gensc.transmitter.queue import Item
from gensc_phy.waveform.config import WaveformConfig, header_symbols_for
from gnuradio.gensc.metadata import Metadata

#: Seconds that what is on its way may take to leave, once the service is told to stop.
LEAVE_S = 2.0
_WAIT_S, _POLL_S = 0.05, 0.002


class Sender:
    """The flowgraph of the service, and what is between its parts.

    Args:
        config: all about it.
        stopping: whether the service has been told to stop.
        say: takes a line where a captioner fails.

    Attributes:
        waveform: of the bursts.
        scheme: the analog code; None where there is none.
        chain: the flowgraph; from `open` on.
        released: bursts let go so far.

    Raises:
        UserError: no such weights or captioner.
    """

    chain: SendChain

    def __init__(
        self,
        config: TransmitterConfig,
        stopping: Callable[[], bool],
        say: Callable[[str], None],
    ) -> None:
        self._config, self._stopping = config, stopping
        self.waveform = WaveformConfig(
            sample_rate=config.air.sample_rate, header_symbols=header_symbols_for(None)
        )
        codec = config.codec
        self._captioner = choose_captioner(codec.caption, say)
        self.scheme = None if codec.scheme == "bank" else load_scheme(codec.analog)
        bank = None if codec.scheme == "analog" else codec.bank
        self._encoders = Encoders(self.scheme, bank, codec.importance)
        self._gather, self._out = Gather(), queue.Queue[Any]()
        self._caption = ""
        self._running = self._cut = False
        self.released = 0

    def open(self, air: Any = None) -> None:
        """Make the flowgraph, to a block that takes the samples or to where the settings say.

        Raises:
            UserError: that cannot be opened.
        """
        place = build.place(self._config.air)
        self.chain = SendChain(
            self.waveform,
            build.sink(self._config.air, place) if air is None else air,
            (self._gather, "fragment"),
            (PduSource(iter(self._out.get, None)), "out"),
            is_hardware=air is None and place.is_hardware,
            amplitude=build.amplitude(self._config.air, place),
            caption=None if self._captioner is None else lambda before: self._caption,
            on_section=self._gather.section,
        )
        self._encoders.join(self.chain)

    def start(self) -> None:
        """Start it."""
        self._running = True
        self.chain.top.start()

    def close(self) -> None:
        """End it; samples that nobody takes are given up."""
        if not self._running:
            self.chain.air.stop()
            return
        self._encoders.end()
        self._out.put(None)
        if self._cut:
            self.chain.top.stop()
        self.chain.top.wait()

    def encode(
        self, item: Item, image: NDArray[np.uint8], key: tuple[int, int], chosen: Chosen
    ) -> list[Fragment]:
        """The bursts of an image, in the order of their sending.

        Raises:
            UserError: it cannot be encoded, or has no caption.
        """
        session, image_id = key
        height, width, _ = image.shape
        if self._captioner is not None:
            self._caption = self._captioner.caption(image, item.path)
        self._gather.expect(session, image_id, self._captioner is not None)
        metadata = Metadata(session, image_id, shape=(height, width, 3), name=item.name)
        dropped = self._dropped
        self._encoders.put(image, metadata, chosen)
        while (parts := self._gather.wait(_WAIT_S)) is None:
            if self._dropped > dropped:
                raise UserError(self._encoders.last_error or "cannot be encoded")
        while chosen.row is not None and not self._encoders.told:
            time.sleep(_POLL_S)  # said before the bytes were given out, but by another thread
        return parts

    @property
    def _dropped(self) -> int:
        return self._encoders.dropped + self.chain.dropped

    def announcement(
        self,
        item: Item,
        shape: tuple[int, ...],
        key: tuple[int, int],
        chosen: Chosen,
        parts: list[Fragment],
    ) -> Sent:
        """What the receiver is told of the image that was encoded last."""
        height, width = shape[:2]
        told = self._encoders.told
        analog = self.scheme is not None and chosen.row is None
        scheme = self.scheme.codec.name if analog and self.scheme else self._config.codec.bank
        return Sent(
            *key,
            name=item.name,
            sha256=item.sha256,
            shape=(height, width, 3),
            scheme=scheme[-128:],
            point=told.get("point"),
            alpha=told.get("alpha"),
            cbr=sum(part.symbols for part in parts) / (3 * height * width),
            mcs=told.get("mcs"),
            gvif=told.get("gvif"),
            reason=chosen.reason[:256],
            bursts=len(parts),
            sections=sections_of(parts),
        )

    def release(self, parts: list[Fragment]) -> bool:
        """Let bursts go, and wait until they are on the air; False where nobody takes them and the
        service is to stop."""
        self.released += len(parts)
        for part in parts:
            self._out.put(part.pdu)
        self._cut = not self._has_left()
        return not self._cut

    def _has_left(self) -> bool:
        tx, stopped_at = self.chain.tx, 0.0
        while not (
            tx.bursts >= self.released
            and tx.is_drained
            and getattr(self.chain.air, "samples", tx.made) >= tx.made
        ):
            if self._stopping():
                stopped_at = stopped_at or time.monotonic()
                if time.monotonic() - stopped_at > LEAVE_S:
                    return False
            time.sleep(_POLL_S)
        return True
