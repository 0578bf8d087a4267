"""``auto``: for the SNR and its spread the member of the family that serves pictures best.

>>> codec = AutoCodec.from_pretrained()
>>> sent = codec.encode_image(photo, rate=32, snr_db=10.0, spread_db=0.0)

::

    rate, SNR, spread ─ table ─┬ analog    deepjscc-photo, symbols that fade with the channel
                               ├ bits      the bank at (Phi, alpha, MCS)
                               └ adaptive  a base of bits with analog symbols, or these alone

Which one sends is said by the first byte of the header section; the member's own bytes follow. A
member that cannot send an image so small or at so low a rate leaves it to the next best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gensc_models.codecs.adaptive.codec import AdaptiveCodec
from gensc_models.codecs.auto.bits import BITS, BankBits
from gensc_models.codecs.auto.table import TABLE, FamilyTable, read_table
from gensc_models.codecs.bank.codec import HyperpriorCodec
from gensc_models.codecs.codec import (
    RECOMMENDED_RATES,
    Codec,
    CodecError,
    Encoded,
    Received,
    SideCost,
    counted_symbols,
    symbols_for,
)
from gensc_models.codecs.jscc import JsccCodec
from gensc_models.codecs.layout import SideInfo
from gensc_models.data.photos import Photo
from gensc_models.weights import store as weights
from gensc_models.weights.fingerprint import derived
from gensc_models.weights.store import ADAPTIVE, AUTO, BANK

ANALOG = "deepjscc-photo"
MEMBERS = ("analog", "bits", "adaptive")


class AutoCodec(Codec):
    """The controller.

    Parameters
    ----------
    members : codecs by the table's names; those of several analog streams cannot be members.
    table : chooses among them.
    """

    name = AUTO
    rates = RECOMMENDED_RATES
    sends_side = True
    takes_spread = True

    def __init__(self, members: Mapping[str, Codec], table: FamilyTable) -> None:
        absent = [name for name in table.members if name not in members]
        if absent:
            raise ValueError(f"the table knows members that are not here: {', '.join(absent)}")
        self.members = [members[name] for name in table.members]
        self.table = table
        self.sha256 = identity([member.sha256 for member in self.members])

    @classmethod
    def from_pretrained(cls, bank: str | Path = BANK, analog: str | Path = ANALOG) -> AutoCodec:
        """The family of a bank and an analog code, with the table beside the bank, on the CPU.

        Raises
        ------
        WeightsError
            One line that names what is missing or wrong.
        """
        table = read_table(weights.locate(bank) / TABLE)
        found = HyperpriorCodec.from_pretrained(bank)
        try:
            return cls(family(found, JsccCodec.from_pretrained(analog)), table)
        except ValueError as error:
            raise weights.WeightsError(f"{AUTO}: {error}") from error

    def to(self, device: str) -> AutoCodec:
        """Moves the floating-point networks."""
        for member in self.members:
            if hasattr(member, "to"):
                member.to(device)
        return self

    def encode_image(
        self,
        image: Photo,
        rate: int,
        snr_db: float,
        side_cost: SideCost = counted_symbols,
        spread_db: float | None = None,
    ) -> Encoded:
        """As :meth:`gensc_models.codecs.codec.Codec.encode_image`.

        Raises
        ------
        ValueError
            As there; none of the members can send the image so. The best one's reason.
        """
        reasons: list[ValueError] = []
        for number in self.table.order(rate, snr_db, spread_db):
            try:
                return self.encode_by(number, image, rate, snr_db, side_cost, spread_db)
            except ValueError as error:
                reasons.append(error)
        raise reasons[0]

    def decode_image(self, received: Received) -> Photo:
        """By the member that the header section names.

        Raises
        ------
        ValueError
            There is no such member; as of its ``decode_image``.
        """
        member = self._member(received.side)
        symbols, noise_var = received.symbols, received.noise_var
        if not member.sends_side:
            whole = symbols_for(received.height, received.width, received.rate)
            more = max(0, whole - len(symbols))
            symbols = np.pad(symbols, (0, more))
            noise_var = np.pad(noise_var, (0, more), constant_values=np.inf)
        about = received.rate, received.height, received.width, received.aux
        return member.decode_image(Received(symbols, noise_var, *about, received.side[1:]))

    def stream_lengths(
        self, received: Received, side_cost: SideCost = counted_symbols
    ) -> tuple[int, ...]:
        """Symbols of the stream: what the header section leaves of the rate."""
        self._member(received.side)
        total = symbols_for(received.height, received.width, received.rate)
        return (total - side_cost(len(received.side), SideInfo.unpack(received.aux).snr_db),)

    def chosen(self, side: bytes) -> str:
        """Name of the member that a header section names; errors as of :meth:`decode_image`."""
        self._member(side)
        return self.table.members[side[0]]

    def _member(self, side: bytes) -> Codec:
        if not side or side[0] >= len(self.members):
            raise CodecError(f"header section names no member of the family: {side[:1].hex()}")
        return self.members[side[0]]

    def encode_by(
        self, number: int, image: Photo, rate: int, snr_db: float, side_cost: SideCost,
        spread_db: float | None,
    ) -> Encoded:  # fmt: skip
        """By the member of that number, whatever the table says; errors as of its own."""
        member, first = self.members[number], bytes([number])
        if not member.sends_side:
            return _shortened(member.encode_image(image, rate, snr_db), first, side_cost)
        more = {"spread_db": spread_db} if member.takes_spread else {}
        sent = member.encode_image(
            image, rate, snr_db, side_cost=lambda n, at_db: side_cost(n + 1, at_db), **more
        )  # type: ignore[call-arg]  # those who send side information take its cost
        about = sent.rate, sent.height, sent.width
        return Encoded(sent.symbols, sent.aux, *about, first + sent.side, sent.side_symbols)


def family(bank: HyperpriorCodec, analog: Codec) -> dict[str, Codec]:
    """The members by name."""
    return dict(zip(MEMBERS, (analog, BankBits(bank), AdaptiveCodec(bank)), strict=True))


def identity(digests: Sequence[str]) -> str:
    """SHA-256 of the family whose members have these, in the table's order."""
    return derived(" ".join(digests), AUTO)


def identity_of(bank: str, analog: str) -> str:
    """The same from the SHA-256 of the two sets of weights."""
    return identity([analog, derived(bank, BITS), derived(bank, ADAPTIVE)])


def _shortened(sent: Encoded, side: bytes, side_cost: SideCost) -> Encoded:
    """Symbols of mean power one and a header section, in as many symbols as there were.

    The last symbols are left out; the receiver takes them for lost ones.
    """
    told = SideInfo.unpack(sent.aux)
    cost = side_cost(len(side), told.snr_db)
    count = len(sent.symbols) - cost
    if count < 1:
        raise ValueError(f"{len(sent.symbols)} symbols are too few for a header section")
    symbols = sent.symbols[:count]
    factor = 1.0 / max(float(np.sqrt(np.mean(np.abs(symbols) ** 2))), 1e-9)
    aux = SideInfo(told.scale / factor, told.snr_db).pack()
    about = sent.rate, sent.height, sent.width
    return Encoded((symbols * factor).astype(np.complex64), aux, *about, side, cost)
