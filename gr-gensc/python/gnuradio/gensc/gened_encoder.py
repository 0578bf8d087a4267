"""Dual-branch encoder block."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gensc_phy.adaptation.side_link import side_link_of, side_symbols
from gensc_phy.coding.bits import encode_bits

from . import choice_message
from .codecs import load_codec
from .errors import PduError
from .image_encoder import image_encoder
from .metadata import Metadata, kept_blocks, make_pdu, read_image

if TYPE_CHECKING:
    from gensc_models import Codec, Encoded
    from gensc_models.codecs.gened.codec import Importance


PORTS = ("foreground", "background")

REPORTS, FEWEST_REPORTS = 32, 8
"""SNR reports that the spread is taken from."""
DEVIATIONS = 2.0
"""A whole image is lost where the SNR falls below what its bits can do with; reports are of whole
bursts, over which it hardly averages out."""


class gened_encoder(image_encoder):
    """Encodes each [image] into several sections: GenED's two streams, or what else a codec sends.

    [foreground] and [background] are analog sections; the mean power over both together is 1. A
    stream without symbols is not sent; from the third stream on they leave on [background], too.
    [side] is the header section that the receiver cannot do without (of GenED: mask and split),
    coded as bits; at low SNR it goes twice, before and after the streams
    (`gensc_phy.adaptation.side_link`). What it takes is taken from the streams: rate says the
    symbols of all.

    [sent] tells for every image, as a dict, the symbols of each section and the mean power of each
    stream in dB (absent where it has no symbols).

    An image that a `semantic_router` has seen is encoded along that route, at the router's rate and
    SNR; any other is routed here. A number on [snr], or a pair whose second half is one, sets the
    SNR for these.

    Args:
        model: a codec that sends several sections, as `gensc_models.load_codec` takes it; the
            router's.
        rate: channel symbols per 16x16 pixels, of images without a route.
        snr_db: Es/N0 that these are encoded for.
        spread_db: by how much the SNR differs, for codecs that send bits among their symbols and
            keep a distance by it; None takes it from what has arrived on [snr], twice the standard
            deviation of the last reports, and from too few of these nothing.

    Raises:
        GenscError: no such model, or weights that do not fit it.
    """

    def __init__(
        self,
        model: str = "gened-photo",
        rate: int = 32,
        snr_db: float = 10.0,
        spread_db: float | None = None,
    ) -> None:
        image_encoder.__init__(
            self, "gened_encoder", rate, snr_db, ["side", "foreground", "background", "sent"]
        )
        self.codec: Codec = load_codec(model, several=True)
        self._spread_db = spread_db
        self._reports: deque[float] = deque(maxlen=REPORTS)

    @property
    def spread_db(self) -> float | None:
        """What the codec is told of the SNR's spread."""
        if self._spread_db is not None or len(self._reports) < FEWEST_REPORTS:
            return self._spread_db
        return DEVIATIONS * float(np.std(self._reports))

    def set_spread_db(self, spread_db: float | None) -> None:
        """The spread of the SNR from the next image on."""
        self._spread_db = spread_db

    def _told_snr(self, message: Any) -> None:
        super()._told_snr(message)
        self._reports.append(self.snr_db)

    def on_image(self, pdu: Any) -> None:
        """Handler of the block's input."""
        metadata, image = read_image(pdu)
        routing = _routing(metadata) if hasattr(self.codec, "route") else None
        rate, snr_db = self.rate, self.snr_db
        if routing is not None:
            rate = rate if metadata.rate is None else metadata.rate
            snr_db = snr_db if metadata.snr_db is None else metadata.snr_db
        from gensc_models.codecs.codec import encode

        more: dict[str, Any] = {} if routing is None else {"routing": routing}
        if self.codec.takes_spread:
            more["spread_db"] = self.spread_db
        sent = encode(self.codec, np.array(image), rate, snr_db, side_symbols, **more)
        self._send(sent, metadata, snr_db)

    def _send(self, sent: Encoded, metadata: Metadata, snr_db: float) -> None:
        streams = [(n, symbols) for n, symbols in enumerate(sent.streams) if symbols.size]
        link = side_link_of(len(sent.side), sent.side_symbols)
        if sent.side and link is None:
            raise PduError(f"{len(sent.side)} bytes of side information counted as "
                           f"{sent.side_symbols} symbols")  # fmt: skip
        copies = link.copies if sent.side and link is not None else 0
        mask = self.codec.mask_of(sent.side, sent.height, sent.width)

        def section(kind: str, rate: int, total: int, stream: int = 0) -> Metadata:
            return Metadata(
                session=metadata.session,
                image_id=metadata.image_id,
                section=kind,
                stream=stream,
                weights=self.codec.fingerprint,
                codec=self.codec.name,
                sha256=self.codec.sha256,
                rate=rate,
                shape=(sent.height, sent.width, 3),
                total=total,
                aux=sent.aux,
                snr_db=snr_db,
                name=metadata.name,
                streams=len(streams),
                sections=len(streams) + copies,
                keep=None if mask is None else mask.ravel(),
            )

        def send_side(copy: int) -> None:
            assert link is not None
            about = section("bits", link.mcs.index, len(sent.side), copy)
            self.publish("side", make_pdu(about, encode_bits(sent.side, link.mcs)))

        for copy in range(min(1, copies)):
            send_side(copy)
        for number, symbols in streams:
            stream = section("analog", sent.rate, symbols.size, number)
            self.publish(PORTS[min(number, len(PORTS) - 1)], make_pdu(stream, symbols))
        for copy in range(1, copies):
            send_side(copy)
        self.publish("sent", _told(sent, mask, metadata, snr_db))


def _told(sent: Encoded, mask: NDArray[np.bool_] | None, metadata: Metadata, snr_db: float) -> Any:
    """What was done with an image, as a PMT dict."""
    first, *others = sent.streams
    rest = np.concatenate([np.zeros(0, np.complex64), *others])
    return choice_message.plain_dict(
        image_id=metadata.image_id,
        snr_db=snr_db,
        foreground_blocks=None if mask is None else float(mask.mean()),
        foreground_symbols=first.size,
        background_symbols=rest.size,
        side_symbols=sent.side_symbols,
        mask_bits=getattr(sent, "mask_bits", None),
        foreground_db=_power_db(first),
        background_db=_power_db(rest),
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
