"""What came out of one transmission of one image."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gensc.results.result import Symbols


@dataclass
class Reception:
    """One image after its way through the flowgraph, at one operating point.

    Attributes:
        name: of the picture.
        original: uint8 H×W×3.
        image: what the decoder gave; None when nothing of it arrived.
        refined: what the refiner made of it; None where none was asked for, or it failed.
        edited: what the editor answered; None where none was asked or nothing arrived.
        edit: "accepted", "blended", "rejected", "untouched" or "failed"; with the last
            three, `edited` is the image as the decoder gave it.
        edit_reason: why it was blended, rejected or failed.
        foreground: blocks of 16×16 pixels that the sender took for foreground, bool; None where
            the scheme knows none.
        channel: name of the channel.
        snr_db: Es/N0 asked for.
        snr_measured_db: mean over the received bursts of the analog sections; None when lost.
        symbols: channel symbols spent.
        seed: of channel and noise.
        image_id: as in the burst headers.
        constellation: some received analog symbols, complex64.
        text_constellation: some received symbols of the text section, complex64.
        fragments, fragments_lost: bursts of the analog sections.
        text_sent, text, text_ok: caption sent, received, and whether its CRC holds; of a damaged
            one what is whole.
        text_state: "exact", "repaired" or "dropped".
        cfo_hz: mean estimate of the carrier frequency offset.
        latency_ms: stage → milliseconds of wall time.
        counters: of the receiver and the assembler.
    """

    name: str
    original: NDArray[np.uint8]
    image: NDArray[np.uint8] | None
    channel: str
    snr_db: float
    symbols: Symbols
    seed: int
    refined: NDArray[np.uint8] | None = None
    edited: NDArray[np.uint8] | None = None
    edit: str | None = None
    edit_reason: str | None = None
    foreground: NDArray[np.bool_] | None = None
    image_id: int = 0
    snr_measured_db: float | None = None
    constellation: NDArray[np.complex64] = field(
        default_factory=lambda: np.zeros(0, dtype=np.complex64)
    )
    text_constellation: NDArray[np.complex64] = field(
        default_factory=lambda: np.zeros(0, dtype=np.complex64)
    )
    fragments: int = 0
    fragments_lost: int = 0
    text_sent: str | None = None
    text: str | None = None
    text_ok: bool | None = None
    text_state: str | None = None
    cfo_hz: float | None = None
    latency_ms: dict[str, float] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class BytesReception:
    """What became of a bits section.

    Attributes:
        payload: best effort where `crc_ok` is False; None when nothing arrived.
        crc_ok: the payload is what was sent.
        symbols: channel symbols spent.
        snr_measured_db: mean over the received bursts.
        counters: of the receiver and the assembler.
    """

    payload: bytes | None
    crc_ok: bool
    symbols: Symbols
    snr_measured_db: float | None
    counters: dict[str, int]
