"""What a receiver's flowgraph is told, and who it tells of what passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from gensc.link.blocks import Seen
    from gensc_phy.waveform.assemble import SectionSymbols
    from gensc_phy.waveform.config import WaveformConfig
    from gnuradio.gensc.metadata import Metadata


@dataclass(frozen=True)
class ChainSettings:
    """How it is received.

    Attributes:
        places: where codecs are looked for beside the installed ones.
        copies: how often the sender repeats everything; copies are waited for and combined.
        cfo_range_hz: largest carrier offset accepted, Hz; None takes the waveform's.
        quiet_s: incomplete images are given out after so long without any burst; 0 never does.
        section_s: an incomplete section is after so long without a burst of its own, by the
            samples of the stream; 0 never does.
        save_iq: recording of the samples as they are received; "" makes none.
        bind: ZeroMQ: this end binds.
        keep_open: do not end with the sender's stream (ZeroMQ).
        pdus: what PDUs over ZeroMQ are: of each "fragment" or "section".
        probe: look at the samples as well, see `gensc.receiver.probe`.
    """

    places: tuple[str, ...] = ()
    copies: int = 1
    cfo_range_hz: float | None = None
    quiet_s: float = 0.0
    section_s: float = 0.0
    save_iq: str = ""
    bind: bool = False
    keep_open: bool = False
    pdus: str = "fragment"
    probe: bool = False


class Transmitting(Protocol):
    """A transmitter in the receiver's flowgraph.

    Attributes:
        block: that gives samples.
    """

    block: Any

    def close(self) -> None:
        """End its stream after what is under way."""


@dataclass(frozen=True)
class Taps:
    """Who is told of what passes.

    Attributes:
        image, text: what the decoders give.
        keep: a section whose weights are not here, and why it cannot be decoded.
        fragment, section: every burst, every section put together; None: nobody looks.
        failed: an image that a decoder could make nothing of: its cause, and why in words.
        open: adds a transmitter to the flowgraph, for a source `loopback`.
    """

    image: Callable[[Seen], None]
    text: Callable[[Seen], None]
    keep: Callable[[Metadata, SectionSymbols, str], None]
    fragment: Callable[[Seen], None] | None = None
    section: Callable[[Seen], None] | None = None
    failed: Callable[[Metadata, str, str], None] | None = None
    open: Callable[[Any, WaveformConfig], Transmitting] | None = None
