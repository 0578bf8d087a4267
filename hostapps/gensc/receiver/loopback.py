"""Transmitter and channel in the receiver's own flowgraph: images that come without a radio."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

from gensc.data.images import load_image
from gensc.data.named import find
from gensc.link import channels
from gensc.link.blocks import PduSource
from gensc.link.schemes import load_scheme
from gensc.receiver.config import LoopbackConfig
from gensc.system import codecs
from gensc.system.errors import UserError
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.session import draw_session
from gnuradio.gensc.metadata import Metadata, make_pdu


class Loopback:
    """A folder of pictures, sent one after the other through a channel whose SNR walks.

    Args:
        config: what is sent, and what it meets.
        top: flowgraph that it becomes a part of.
        waveform: of the receiver.
        say: told a line of each picture that cannot be opened.

    Attributes:
        block: the channel, which gives samples.
        session: of the images.
        snr_db: Es/N0 of the channel now.

    Raises:
        UserError: no pictures, no such codec.
    """

    def __init__(
        self,
        config: LoopbackConfig,
        top: Any,
        waveform: WaveformConfig,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        gensc = codecs.gnuradio_blocks()
        self._config, self._say = config, say
        self._photos = find(config.images)
        self._closing = threading.Event()
        self._began = time.monotonic()
        self.session, self.sent = draw_session(), 0
        scheme = load_scheme(config.model)
        codecs.check_rate_of(scheme.codec, config.rate)
        self._walk = config.walk()
        self.snr_db = self._walk.at(0.0)
        realised = channels.draw(config.channel, config.seed)
        if realised.hostile is not None:
            self.block = gensc.hostile_channel.of(
                realised.at(waveform.sample_rate, self.snr_db), config.seed
            )
        else:
            self.block = gensc.channel(
                snr_db=self.snr_db, taps=realised.taps, fading_hz=realised.fading_hz,
                seed=config.seed, sample_rate=waveform.sample_rate,
            )  # fmt: skip
        self._source = PduSource(self._pdus())
        encoder = scheme.encoder(gensc, config.rate, config.snr_db)
        fragmenter = gensc.fragmenter(waveform)
        transmitter = gensc.burst_tx(waveform)
        self._blocks = encoder, fragmenter, transmitter  # GNU Radio does not keep them alive

        def connect(block: Any, output: str, taker: Any, port: str) -> None:
            top.msg_connect((block, output), (taker, port))

        encoder.connect(connect, (self._source, "out"), (fragmenter, "section"))
        connect(fragmenter, "fragment", transmitter, "fragment")
        top.connect(transmitter, self.block)

    def close(self) -> None:
        """End after the image under way."""
        self._closing.set()
        self._source.close()

    def _pdus(self) -> Iterator[Any]:
        due = time.monotonic()
        for photo in cycle(self._photos):
            if self._config.count and self.sent >= self._config.count:
                return
            if self._closing.wait(max(0.0, due - time.monotonic())):
                return
            due = max(due + self._config.interval_s, time.monotonic())
            try:
                image = load_image(photo.path, self._config.max_side)
                codecs.check_fits(photo.path, image.shape, self._config.rate)
            except UserError as error:
                self._say(f"{error}: not sent")
                due += 1.0  # where none can be opened, this must not spin
                continue
            self.snr_db = self._walk.at(time.monotonic() - self._began)
            if self._config.channel != "none":
                self.block.set_snr_db(self.snr_db)
            height, width, _ = image.shape
            told = Metadata(
                self.session, self.sent & 0xFFFF, shape=(height, width, 3), name=photo.name
            )
            self.sent += 1
            yield make_pdu(told, image)
