"""Fragmenter block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.fragment import interleave, split

from .errors import PduError
from .message_ports import message_block
from .metadata import Metadata, make_pdu, read_pdu
from .session import Sessions

_Fragment = tuple[Metadata, NDArray[np.complex64]]
_REQUIRED = ("section", "image_id", "rate", "shape", "total")


# A stream of an image that has several is cut at least once, where its parts are not too short.
_AT_LEAST = 2
_SHORTEST = 512


class fragmenter(message_block):
    """Cuts each [section] into the [fragment]s of single bursts, interleaved over all of them.

    Where the metadata says that an image has several analog `streams`, their bursts take turns: a
    fade that is shorter than the image takes a part of each, and none as a whole.

    Args:
        config: waveform; it says how many symbols a burst holds.
        session: tag of sections that have none, 0 … 65535; None draws one at each start.
    """

    def __init__(self, config: WaveformConfig, session: int | None = None) -> None:
        message_block.__init__(self, "fragmenter")
        self.config = config
        self._sessions = Sessions(session)
        # Streams that wait for the others of their image.
        self._waiting: list[tuple[Metadata, NDArray[np.complex64]]] = []
        self.setup_ports({"section": self._take}, ["fragment"])

    def start(self) -> bool:
        """Begin a session."""
        self._sessions.begin()
        return super().start()

    def _take(self, pdu: Any) -> None:
        metadata, symbols = read_pdu(pdu, np.complex64, require=_REQUIRED)
        streams = (metadata.streams or 1) if metadata.section == "analog" else 1
        if self._waiting and (streams < 2 or metadata.key != self._waiting[0][0].key):
            self._send_waiting()
        if streams < 2:
            self._send([self._split(metadata, symbols)])
            return
        self._waiting.append((metadata, np.array(symbols)))
        if len(self._waiting) == streams:
            self._send_waiting()

    def end_of_stream(self) -> None:
        """Send what still waits."""
        self._send_waiting()

    def _send_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        sections = []
        for stream in waiting:
            try:
                sections.append(self._split(*stream, _AT_LEAST))
            except PduError as error:
                # Not raised: what made this one leave is another PDU, and in order.
                self.drop(f"[section] {error}")
        self._send(sections)

    def _send(self, sections: Sequence[Sequence[_Fragment]]) -> None:
        for about, part in interleave(sections):
            self.publish("fragment", make_pdu(about, part))

    def _split(
        self, metadata: Metadata, symbols: NDArray[np.complex64], at_least: int = 1
    ) -> list[_Fragment]:
        if metadata.session is None:
            metadata = replace(metadata, session=self._sessions.tag)
        at_least = min(at_least, max(1, symbols.size // _SHORTEST))
        try:
            parts = split(metadata.header(), symbols, self.config, at_least)
        except ValueError as error:
            raise PduError(str(error)) from error
        told = {"name": metadata.name, "codec": metadata.codec, "sha256": metadata.sha256}
        return [(Metadata.of_header(header, **told), part) for header, part in parts]
