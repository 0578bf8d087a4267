"""Dual-branch encoder block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gensc_phy.adaptation.side_link import side_link, side_symbols
from gensc_phy.coding.bits import encode_bits

from . import choice_message
from .codecs import load_gened
from .image_encoder import image_encoder
from .metadata import Metadata, kept_blocks, make_pdu, read_image

if TYPE_CHECKING:
    from gensc_models.codecs.gened.codec import GenedEncoded, Importance


class gened_encoder(image_encoder):
    """Encodes each [image] into two streams of analog symbols with powers of their own.

    [foreground] and [background] are analog sections; the mean power over both together is 1. A
    stream without symbols is not sent. [side] is the header section that the receiver cannot do
    without (mask and split, coded as bits); at low SNR it goes twice, before and after the streams
    (`gensc_phy.adaptation.side_link`). What it takes is taken from the streams: rate says the
    symbols of all.

    [sent] tells for every image, as a dict, the symbols of each section and the mean power of each
    stream in dB (absent where it has no symbols).

    An image that a `semantic_router` has seen is encoded along that route, at the router's rate and
    SNR; any other is routed here. A number on [snr], or a pair whose second half is one, sets the
    SNR for these.

    Args:
        model: name of a dual-branch codec's weights, or a path to them; the router's.
        rate: channel symbols per 16x16 pixels, of images without a route.
        snr_db: Es/N0 that these are encoded for.

    Raises:
        GenscError: no such model, or weights that do not fit it.
    """

    def __init__(self, model: str = "gened-photo", rate: int = 32, snr_db: float = 10.0) -> None:
        image_encoder.__init__(
            self, "gened_encoder", rate, snr_db, ["side", "foreground", "background", "sent"]
        )
        self.codec = load_gened(model)

    def on_image(self, pdu: Any) -> None:
        """Handler of the block's input."""
        metadata, image = read_image(pdu)
        routing = _routing(metadata)
        rate, snr_db = self.rate, self.snr_db
        if routing is not None:
            rate = rate if metadata.rate is None else metadata.rate
            snr_db = snr_db if metadata.snr_db is None else metadata.snr_db
        sent = self.codec.encode_image(
            np.array(image), rate, snr_db, routing=routing, side_cost=side_symbols
        )
        self._send(sent, metadata, snr_db)

    def _send(self, sent: GenedEncoded, metadata: Metadata, snr_db: float) -> None:
        from gensc_models.codecs.layout import SideInfo

        def section(kind: str, rate: int, total: int, stream: int = 0) -> Metadata:
            return Metadata(
                session=metadata.session,
                image_id=metadata.image_id,
                section=kind,
                stream=stream,
                weights=self.codec.fingerprint,
                rate=rate,
                shape=(sent.height, sent.width, 3),
                total=total,
                aux=sent.aux,
                snr_db=snr_db,
                name=metadata.name,
                streams=sum(bool(s.size) for s in (sent.foreground, sent.background)),
                keep=sent.importance.mask.ravel(),
            )

        link = side_link(SideInfo.unpack(sent.aux).snr_db)
        side = encode_bits(sent.side, link.mcs)

        def send_side(copy: int) -> None:
            about = section("bits", link.mcs.index, len(sent.side), copy)
            self.publish("side", make_pdu(about, side))

        send_side(0)
        streams = (("foreground", sent.foreground), ("background", sent.background))
        for number, (port, symbols) in enumerate(streams):
            if symbols.size:
                stream = section("analog", sent.rate, symbols.size, number)
                self.publish(port, make_pdu(stream, symbols))
        for copy in range(1, link.copies):
            send_side(copy)
        self.publish("sent", _told(sent, metadata, snr_db))


def _told(sent: GenedEncoded, metadata: Metadata, snr_db: float) -> Any:
    """What was done with an image, as a PMT dict."""
    return choice_message.plain_dict(
        image_id=metadata.image_id,
        snr_db=snr_db,
        foreground_blocks=float(sent.importance.mask.mean()),
        foreground_symbols=sent.foreground.size,
        background_symbols=sent.background.size,
        side_symbols=sent.side_symbols,
        mask_bits=sent.mask_bits,
        foreground_db=_power_db(sent.foreground),
        background_db=_power_db(sent.background),
    )


def _power_db(symbols: NDArray[np.complex64]) -> float | None:
    """Mean power; None where there is none."""
    power = float(np.mean(np.abs(symbols) ** 2)) if symbols.size else 0.0
    return float(10 * np.log10(power)) if power > 0 else None


def _routing(metadata: Metadata) -> Importance | None:
    """The route of an image that a router has seen.

    Raises:
        PduError: flags or numbers that do not belong to its size.
    """
    from gensc_models.codecs.gened.codec import Importance

    if metadata.keep is None or metadata.importance is None:
        return None
    mask = kept_blocks(metadata)
    return Importance(metadata.importance.reshape(mask.shape), mask)
