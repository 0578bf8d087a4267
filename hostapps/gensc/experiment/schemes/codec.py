"""Analog codecs as schemes: one stream, or several with a digital header section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gensc.experiment.scheme import Picture, Received, Scheme, Section, Sent, best, lost
from gensc.link.channels import spread_of
from gensc.system.weights import Weights
from gensc_phy.adaptation.side_link import side_link_of, side_symbols
from gensc_phy.coding.bits import decode_bits, encode_bits
from gensc_phy.coding.mcs import MCS_TABLE
from gensc_phy.waveform.combine import combine

if TYPE_CHECKING:
    from gensc_models.codecs.codec import Codec, Encoded
    from gensc_models.codecs.codec import Received as Heard

#: Symbols per 16×16 block that a codec has at most.
MAX_RATE = 128
BLOCK = 16
STREAMS = ("foreground", "background")
#: What a sender would be told of other channels, by which of them serves it best.
FADING_SPREADS_DB = (2.5, None, 8.0, 12.0)


class CodecScheme(Scheme):
    """A codec of the contract of `gensc_models.codecs.codec`, whoever has made it.

    Args:
        codec: it.
        name: where it is compared under another name than its own.
        design_snr_db: what the encoder believes whatever the channel is; None: the truth.
        spread_db: what it believes by how much the SNR differs; None: unknown.
    """

    def __init__(
        self,
        codec: Codec,
        name: str = "",
        design_snr_db: float | None = None,
        spread_db: float | None = None,
    ) -> None:
        self.codec = codec
        self.weights = (Weights(codec.name, codec.sha256),)
        self.name = name or codec.name
        self.design_snr_db, self.spread_db = design_snr_db, spread_db

    @property
    def setting(self) -> str:
        """The spread of the SNR that the codec is told."""
        return "" if self.spread_db is None else f"spread {self.spread_db:g} dB"

    def variants(self, channel: str) -> Sequence[Scheme]:
        """One per spread, where the codec asks for one; the last is what it takes by itself."""
        if not self.codec.takes_spread:
            return (self,)
        known = spread_of(channel)
        spreads = FADING_SPREADS_DB if known is None else (known,)
        return [
            CodecScheme(self.codec, self.name, self.design_snr_db, spread_db)
            for spread_db in spreads
        ]

    def send(self, picture: Picture, budget: int, snr_db: float) -> Sent:
        """See `Scheme.send`; a header section is a part of the budget."""
        return self.send_many([picture], budget, snr_db)[0]

    def send_many(self, pictures: Sequence[Picture], budget: int, snr_db: float) -> list[Sent]:
        """See `Scheme.send_many`: one pass of the network where the codec has one."""
        height, width = pictures[0].pixels.shape[:2]
        blocks = -(-height // BLOCK) * -(-width // BLOCK)
        told_db = snr_db if self.design_snr_db is None else self.design_snr_db
        if budget < blocks:
            raise ValueError(f"{budget} symbols: less than one for each of {blocks} blocks")
        if not self.codec.sends_side:
            pixels = np.stack([p.pixels for p in pictures])
            encoded = self.codec.encode_images(pixels, min(budget // blocks, MAX_RATE), told_db)
            return [self._sent(e) for e in encoded]
        rate = min(-(-budget // blocks), MAX_RATE)
        spared = max(0, rate * blocks - budget)

        def cost(n_bytes: int, at_db: float) -> int:
            return side_symbols(n_bytes, at_db) + spared

        more: dict[str, Any] = {"side_cost": cost}
        if self.codec.takes_spread:
            more["spread_db"] = self.spread_db
        return [
            self._sent(self.codec.encode_image(p.pixels, rate, told_db, **more), spared)
            for p in pictures
        ]

    def _sent(self, e: Encoded, spared: int = 0) -> Sent:
        about = e.height, e.width, e.rate
        weights = self.codec.fingerprint
        streams = [
            Section("analog", symbols, *about, len(symbols), e.aux, weights, number)
            for number, symbols in enumerate(e.streams)
            if len(symbols)
        ]
        if not e.side:
            return Sent(tuple(streams))
        link = side_link_of(len(e.side), e.side_symbols - spared)
        if link is None:
            raise ValueError(f"{len(e.side)} bytes counted as {e.side_symbols - spared} symbols")
        coded = encode_bits(e.side, link.mcs)
        side = [
            Section("bits", coded, e.height, e.width, link.mcs.index, len(e.side), e.aux, weights,
                    copy, header=True)
            for copy in range(link.copies)
        ]  # fmt: skip
        facts = {"side": link.copies * len(coded), "side_bits": 8 * len(e.side)}
        if len(e.streams) == len(STREAMS):
            facts |= {name: len(s) for name, s in zip(STREAMS, e.streams, strict=True)}
        # What only the dual-branch codec tells: where its foreground is.
        importance = getattr(e, "importance", None)
        mask = None
        if importance is not None:
            mask = on_pixels(importance.mask, e.height, e.width)
            facts["mask_bits"] = getattr(e, "mask_bits", 0)
        return Sent((*side[:1], *streams, *side[1:]), mask, facts)

    def receive(self, sections: Sequence[Section]) -> Received:
        """See `Scheme.receive`."""
        return self.receive_many([sections])[0]

    def receive_many(self, arrived: Sequence[Sequence[Section]]) -> list[Received]:
        """See `Scheme.receive_many`: pictures of one size and rate in one pass of the network."""
        heard = [self._heard(sections) for sections in arrived]
        known = [h for h in heard if not isinstance(h, str)]
        alike = len({(h.height, h.width, h.rate) for h in known}) == 1
        try:
            images = iter(self.codec.decode_images(known) if alike else map(self._decode, known))
            shown = [None if isinstance(h, str) else next(images) for h in heard]
        except ValueError as error:
            shown, reason = [None] * len(heard), str(error)
            if len(arrived) > 1:  # one of them spoils the pass: each by itself
                return [self.receive(sections) for sections in arrived]
            return [lost(h if isinstance(h, str) else reason) for h in heard]
        return [
            lost(h) if isinstance(h, str) else Received(i, mask=self._mask(h), snr_db=_snr_db(h))
            for h, i in zip(heard, shown, strict=True)
        ]

    def _decode(self, heard: Heard) -> NDArray[np.uint8]:
        return self.codec.decode_image(heard)

    def _heard(self, sections: Sequence[Section]) -> Heard | str:
        """What has arrived of an image, or why that is not enough."""
        from gensc_models.codecs.codec import Received as Heard
        from gensc_models.codecs.codec import symbols_for

        weights, side = self.codec.fingerprint, b""
        found = [best(sections, "analog", weights, n) for n in range(self.codec.streams)]
        known = next((s for s in found if s is not None), None)
        bits = best(sections, "bits", weights)
        if self.codec.streams == 0 and bits is not None:
            known = replace(bits, rate=1)  # bytes alone: the rate of their section is a scheme's
        if known is None:
            return "nothing received" if self.codec.streams == 1 else "its streams did not arrive"
        if not (1 <= known.rate <= MAX_RATE and known.height and known.width):
            return f"a header of rate {known.rate} and {known.width}x{known.height} pixels"
        if self.codec.sends_side:
            copies = [s for s in sections if s.kind == "bits" and s.weights == weights]
            whole = whole_copy(copies)
            if isinstance(whole, str):
                return whole
            side = whole
        about = known.rate, known.height, known.width, known.aux, side
        lengths = [0 if s is None else len(s.symbols) for s in found]
        if None in found:
            try:
                lengths = self._lengths(found, about)
            except ValueError as error:
                return str(error)
        if not side and sum(lengths) > symbols_for(known.height, known.width, known.rate):
            return f"{sum(lengths)} symbols at a rate of {known.rate}"
        parts = [(np.zeros(0, np.complex64), np.zeros(0, np.float32))] + [
            (np.zeros(n, np.complex64), np.full(n, np.inf, np.float32))
            if s is None
            else (s.symbols, s.variances)
            for s, n in zip(found, lengths, strict=True)
        ]
        symbols, variances = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Heard(symbols, variances, *about)

    def _lengths(self, found: list[Section | None], about: tuple[Any, ...]) -> list[int]:
        """Symbols of each stream where not all have arrived.

        The header section tells how the symbols were shared out, the streams that are there how
        many there were: other sections, such as a caption, may have taken some of the rate.

        Raises:
            ValueError: they are not of one image.
        """
        from gensc_models.codecs.codec import Received as Heard
        from gensc_models.codecs.codec import symbols_for

        nothing = np.zeros(0, np.complex64), np.zeros(0, np.float32)
        heard = Heard(*nothing, *about)
        whole = symbols_for(heard.height, heard.width, heard.rate)

        def lengths(total: int) -> list[int]:
            return list(self.codec.stream_lengths(heard, lambda n_bytes, snr_db: whole - total))

        def fits(total: int) -> bool:
            try:
                shared = lengths(total)
            except ValueError:  # so few that mask and split do not go with them
                return False
            return all(s is None or len(s.symbols) == n for s, n in zip(found, shared, strict=True))

        there = sum(len(s.symbols) for s in found if s is not None)
        # A stream without symbols is not sent.
        if fits(there):
            return lengths(there)
        most = whole - side_symbols(len(heard.side), _told_db(heard.aux))
        for total in range(most, there, -1):
            if fits(total):
                return lengths(total)
        raise ValueError("its streams are not those of its header section")

    def _mask(self, heard: Heard) -> NDArray[np.float32] | None:
        """1 where the header section says foreground; None where it says nothing of it."""
        if not heard.side:
            return None
        try:
            blocks = self.codec.mask_of(heard.side, heard.height, heard.width)
        except ValueError:  # it has decoded the image all the same
            return None
        if blocks is None:
            return None
        return on_pixels(blocks, heard.height, heard.width).astype(np.float32)


def _told_db(aux: int) -> float:
    from gensc_models.codecs.layout import SideInfo

    return SideInfo.unpack(aux).snr_db


def _snr_db(heard: Heard) -> float:
    """Mean Es/N0 of what was heard."""
    known = heard.noise_var[np.isfinite(heard.noise_var)].astype(np.float64)
    if not known.size:
        return float("nan")
    mean = known.mean()
    return float(-10 * np.log10(mean)) if mean > 0 else float("inf")


def whole_copy(copies: Sequence[Section]) -> bytes | str:
    """The bytes of a header section from its copies, put together where each alone fails; or why
    there are none."""
    if not copies:
        return "its header section did not arrive"
    first = copies[0]
    alike = [c for c in copies if (c.rate, c.total, c.aux) == (first.rate, first.total, first.aux)]
    attempts = [[c] for c in copies] + ([alike] if len(alike) > 1 else [])
    for attempt in attempts:
        try:
            heard = combine([(c.symbols, c.variances) for c in attempt])
            result = decode_bits(*heard, attempt[0].total, MCS_TABLE[attempt[0].rate])
        except (ValueError, IndexError):
            continue
        if result.crc_ok:
            return result.payload
    return "its header section is damaged"


def on_pixels(blocks: NDArray[np.bool_], height: int, width: int) -> NDArray[np.bool_]:
    """A mask per block as one per pixel."""
    return blocks.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)[:height, :width]
