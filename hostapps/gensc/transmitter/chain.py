"""The sending flowgraph, from sections to the air; `gensc send` and the service build it here.

::

    source ─ encoder ─ sections ┬───────────────────────── fragmenter ─ … ─ burst_tx ─ air
                                └─ follower ─ text_encoder ─┘

Several sources may have an encoder each. What is between fragmenter and burst_tx is the caller's:
it passes fragments on, or holds an image's until it is announced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gensc.link.blocks import PduCollector, PduFollower, Seen
from gensc.link.schemes import Encoder
from gensc.system import codecs
from gensc_phy.waveform.config import WaveformConfig
from gnuradio import gr
from gnuradio.gensc.metadata import Metadata, make_pdu

#: Zeros after the last burst. Hardware sends whole buffers only: what is not followed stays there.
TAIL, HARDWARE_TAIL = 4096, 1 << 17
Port = tuple[Any, str]
"""A block and one of its message ports."""


class SendChain:
    """The flowgraph; `top` runs it.

    Args:
        config: waveform.
        air: the block that takes the samples.
        taker, giver: where fragments go in, and come out again to be sent.
        is_hardware: samples leave in real time, and must not stop.
        amplitude: of the samples; 1 is unit mean power.
        caption: the text that follows an image, by its metadata; None sends no texts.
        on_section: told of each section but texts, before it is cut into fragments.

    Attributes:
        tx, air: the last two blocks.
    """

    def __init__(
        self,
        config: WaveformConfig,
        air: Any,
        taker: Port,
        giver: Port,
        *,
        is_hardware: bool = False,
        amplitude: float = 1.0,
        caption: Callable[[Metadata], str] | None = None,
        on_section: Callable[[Seen], None] = lambda seen: None,
    ) -> None:
        gensc = codecs.gnuradio_blocks()
        self.air = air
        self.top = gr.top_block("gensc_send", catch_exceptions=False)
        # In series, so that sections and captions keep their order.
        self._sections = PduCollector(np.complex64, on_pdu=on_section)
        self._fragmenter = gensc.fragmenter(config)
        self.tx = gensc.burst_tx(
            config,
            idle="zeros" if is_hardware else "wait",
            tail=HARDWARE_TAIL if is_hardware else TAIL,
            amplitude=amplitude,
        )
        # GNU Radio does not keep Python blocks alive.
        self._blocks: list[Any] = [air, taker[0], giver[0], self._fragmenter]
        self.connect(self._sections, "out", self._fragmenter, "section")
        if caption is not None:
            follower = PduFollower(lambda before: make_pdu(_of(before), _utf8(caption(before))))
            text_encoder = gensc.text_encoder(0)
            self.connect(self._sections, "out", follower, "in")
            self.connect(follower, "out", text_encoder, "text")
            self.connect(text_encoder, "section", self._fragmenter, "section")
            self._blocks += [follower, text_encoder]
        self.connect(self._fragmenter, "fragment", *taker)
        self.connect(*giver, self.tx, "fragment")
        self.top.connect(self.tx, air)

    def connect(self, source: Any, output: str, sink: Any, port: str) -> None:
        """Connect two message ports."""
        self.top.msg_connect((source, output), (sink, port))

    def add(self, source: Any, encoder: Encoder) -> None:
        """Encode the images of a source's [out]."""
        encoder.connect(self.connect, (source, "out"), (self._sections, "in"))
        self._blocks += [source, encoder]

    @property
    def dropped(self) -> int:
        """Sections and texts that could not be sent."""
        return sum(getattr(block, "dropped", 0) for block in self._blocks if block is not None)


def _utf8(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-8"), np.uint8)


def _of(before: Metadata) -> Metadata:
    """Metadata of a caption from that of its picture."""
    return Metadata(before.session, before.image_id, shape=before.shape, name=before.name)
