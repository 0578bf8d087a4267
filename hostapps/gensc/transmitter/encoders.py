"""Both ways to send an image, side by side in one flowgraph: an analog code, the codec bank."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pmt
from numpy.typing import NDArray

from gensc.link.blocks import PduSource
from gensc.link.schemes import Connect, Encoder, Scheme
from gensc.system import codecs
from gensc.system.errors import UserError
from gensc.transmitter.chain import SendChain
from gensc.transmitter.choice import Chosen
from gnuradio.gensc import choice_message
from gnuradio.gensc.message_ports import message_block
from gnuradio.gensc.metadata import Metadata, make_pdu


class Told(message_block):
    """Hands the dicts that arrive at [sent] to `take`."""

    def __init__(self, take: Callable[[dict[str, Any]], None]) -> None:
        message_block.__init__(self, "told")
        self.setup_ports({"sent": lambda message: take(pmt.to_python(message))})


@dataclass(frozen=True)
class BankEncoder(Encoder):
    """cie_encoder and bits_encoder: images with a choice attached to a section of bits."""

    told: Any = None

    def connect(self, connect: Connect, source: tuple[Any, str], sink: tuple[Any, str]) -> None:
        """Between a port that gives images and one that takes the section."""
        encoder, bits = self.chain
        connect(*source, encoder, "image")
        connect(encoder, "bytes", bits, "bytes")
        connect(encoder, "sent", self.told, "sent")
        connect(bits, "section", *sink)


class Encoders:
    """The encoders of a transmitter.

    Args:
        analog: scheme of the analog code, or None.
        bank, importance: of `gnuradio.gensc.cie_encoder`; bank None: there is none.

    Attributes:
        told: what the bank's encoder has made of the last image: point, alpha, mcs, gvif, bits,
            in_time; empty after an analog one.

    Raises:
        UserError: no such weights.
    """

    def __init__(self, analog: Scheme | None, bank: str | None, importance: str = "") -> None:
        gensc = codecs.gnuradio_blocks()
        self.told: dict[str, Any] = {}
        self._ways: dict[str, tuple[queue.Queue[Any], Encoder]] = {}
        if analog is not None:
            rate = min(max(analog.codec.rates), 128)
            self._ways["analog"] = queue.Queue(), analog.encoder(gensc, rate, 10.0)
        if bank is not None:
            try:
                made = gensc.cie_encoder(bank, importance), gensc.bits_encoder()
            except gensc.GenscError as error:
                raise UserError(str(error)) from error
            encoder = BankEncoder(made, ("section",), Told(self._tell))
            self._ways["bank"] = queue.Queue(), encoder

    def _tell(self, told: dict[str, Any]) -> None:
        self.told = told

    def join(self, chain: SendChain) -> None:
        """Connect them to a flowgraph."""
        for images, encoder in self._ways.values():
            chain.add(PduSource(iter(images.get, None)), encoder)

    def put(self, image: NDArray[np.uint8], metadata: Metadata, chosen: Chosen) -> None:
        """Have an image encoded; its sections leave towards the fragmenter."""
        self.told = {}
        images, encoder = self._ways[chosen.scheme]
        pdu = make_pdu(metadata, image)
        if chosen.row is not None:
            images.put(choice_message.attach(pdu, chosen.row))
            return
        for block in encoder.chain:
            block.set_rate(chosen.rate)
            block.set_snr_db(chosen.snr_db)
            if hasattr(block, "set_spread_db"):
                block.set_spread_db(chosen.spread_db)
        images.put(pdu)

    def end(self) -> None:
        """There are no more images."""
        for images, _ in self._ways.values():
            images.put(None)

    @property
    def dropped(self) -> int:
        """Images that could not be encoded."""
        return sum(encoder.dropped for _, encoder in self._ways.values())

    @property
    def last_error(self) -> str:
        """Why the last of these could not, on one line."""
        errors = [
            block.last_error
            for _, encoder in self._ways.values()
            for block in encoder.chain
            if block.last_error is not None
        ]
        return " ".join(str(errors[-1]).split()) if errors else ""
