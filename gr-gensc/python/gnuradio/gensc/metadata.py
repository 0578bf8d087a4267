"""The metadata of every PDU, and the PDUs themselves: the one place where they are defined.

A PDU is the PMT pair `(metadata dict . uniform vector)`. The vector is

=============  =========  ==============================================================
port           vector     content
=============  =========  ==============================================================
``image``      u8vector   pixels, row by row, RGB: height * width * 3 bytes
``bytes``      u8vector   payload of a bit section
``text``       u8vector   UTF-8
``section``    c32vector  all channel symbols of one section of an image
``fragment``   c32vector  the channel symbols of one burst
=============  =========  ==============================================================

and the dict has the keys of `Metadata`, none of which has to be there unless a block asks for it.
Unknown keys are ignored, so that other blocks may add their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pmt
from numpy.typing import NDArray

from gensc_phy.waveform.header import Header, HeaderError, Section

from . import vectors
from .errors import PduError

SECTIONS = tuple(section.name.lower() for section in Section)
BLOCK = 16
"""Pixels per side of the blocks that `Metadata.keep` tells of."""
Shape = tuple[int, int, int]
T = TypeVar("T")


def _integer(value: Any) -> int:
    number = pmt.to_uint64(value) if pmt.is_uint64(value) else pmt.to_long(value)
    if number < 0:
        raise ValueError("negative")
    return int(number)


def _shape_to_pmt(shape: Shape) -> Any:
    return pmt.make_tuple(*(pmt.from_long(n) for n in shape))


def _shape(value: Any) -> Shape:
    if not pmt.is_tuple(value) or pmt.length(value) != 3:
        raise ValueError("not a tuple of three")
    height, width, channels = (_integer(pmt.tuple_ref(value, i)) for i in range(3))
    if channels != 3:
        raise ValueError(f"{channels} colours, expected 3")
    return height, width, channels


def _section(value: Any) -> str:
    name = pmt.symbol_to_string(value)
    if name not in SECTIONS:
        raise ValueError(f"not one of {', '.join(SECTIONS)}")
    return name


@dataclass(frozen=True)
class _Codec:
    """How a key's value is written as a PMT and read back; `read` raises on a wrong type."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


_INTEGER = _Codec(lru_cache(maxsize=4096)(lambda value: pmt.from_long(int(value))), _integer)
_REAL = _Codec(lambda value: pmt.from_double(float(value)), pmt.to_double)
_BOOL = _Codec(lambda value: pmt.from_bool(bool(value)), pmt.to_bool)


def _text_to_pmt(text: str) -> Any:
    """Names of files need not be UTF-8; what is not becomes U+FFFD."""
    return pmt.intern(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


_STRING = _Codec(_text_to_pmt, pmt.symbol_to_string)
# PMTs cannot be changed, so those of values that come again and again are made once.
_SECTION = _Codec(lru_cache(maxsize=8)(pmt.intern), _section)
_SHAPE = _Codec(lru_cache(maxsize=256)(_shape_to_pmt), _shape)
_FLOATS = _Codec(
    lambda value: vectors.from_array(np.asarray(value, dtype=np.float32)),
    lambda value: vectors.to_array(value, np.float32),
)
_FLAGS = _Codec(
    lambda value: vectors.from_array(np.asarray(value, dtype=np.uint8)),
    lambda value: vectors.to_array(value, np.uint8).astype(bool),
)


class ImageKey(NamedTuple):
    """What belongs to one image: its session, its number in it, and its size.

    None stands for what is not known; such a key matches its like only.
    """

    session: int | None
    image_id: int | None
    height: int
    width: int

    def __str__(self) -> str:
        session = "" if self.session is None else f"{self.session:04x}-"
        return f"{session}{self.image_id or 0:05d}"


@dataclass(frozen=True)
class Metadata:
    """Keys of a PDU's metadata dict; None means the key is absent.

    Attributes:
        session: the start of a transmitter that the image belongs to, 0 … 65535.
        image_id: image of that session the PDU belongs to, 0 … 65535.
        section: "analog", "bits" or "text".
        stream: which of the image's sections of this kind, where it has several.
        fragment, fragments: this is burst `fragment` of the section's `fragments`.
        fragments_received: how many of them the receiver got (sections put together again).
        weights: fingerprint of the codec's weights, 0 where none applies.
        codec, sha256: at a sender the name of these weights and their whole SHA-256.
        rate: JSCC channel symbols per 16x16 block, or the MCS index of bits and text; on bytes
            that are not encoded yet the MCS they are to be sent with.
        shape: (height, width, 3) of the image.
        streams: analog sections that the image has, where it is more than one.
        sections: all its sections but text, copies counted, where it is more than one.
        total: complex symbols of an analog section; payload bytes of bits and text.
        aux: codec side information, 16 bits.
        snr_db: at a receiver the measured Es/N0; at an encoder the one it was told.
        noise_var: error variance of every symbol of the vector, inf where it was lost.
        cfo_hz: measured carrier frequency offset.
        crc_ok: header CRC of a fragment; payload CRC of bytes and text. Analog payloads have none.
        text_state: what became of a text: "exact", "repaired" (only what is whole) or "dropped".
        sample: index in the received stream of the (last) burst's first sample.
        header_symbols: at a receiver the OFDM symbols of each of the bursts' headers.
        name: file the image came from, without its folder.
        refiner: name of the weights that have refined the image.
        editor: who was asked to edit the image.
        edit: "accepted", "blended", "rejected", "untouched" or "failed".
        edit_reason: why it was blended, rejected or failed.
        inpainter: name of the model that has filled in what was not sent.
        point: operating point of the codec bank the image was coded at.
        keep: which blocks of 16x16 pixels were sent or, where all were, are foreground, row by row;
            `kept_blocks` gives them a shape.
        importance: how important each of these blocks is, 0 … 1, in the same order.
        complete: False for an image of which a part was damaged and is only predicted.
        erased: symbols of the section, or of an image's sections, that were lost or of no use to
            the decoder (of infinite variance), though their bursts may have come.
    """

    session: int | None = None
    image_id: int | None = None
    section: str | None = None
    stream: int | None = None
    fragment: int | None = None
    fragments: int | None = None
    fragments_received: int | None = None
    weights: int | None = None
    codec: str | None = None
    sha256: str | None = None
    rate: int | None = None
    shape: Shape | None = None
    streams: int | None = None
    sections: int | None = None
    total: int | None = None
    aux: int | None = None
    snr_db: float | None = None
    noise_var: NDArray[np.float32] | None = None
    cfo_hz: float | None = None
    crc_ok: bool | None = None
    text_state: str | None = None
    sample: int | None = None
    header_symbols: int | None = None
    name: str | None = None
    refiner: str | None = None
    editor: str | None = None
    edit: str | None = None
    edit_reason: str | None = None
    inpainter: str | None = None
    point: int | None = None
    keep: NDArray[np.bool_] | None = None
    importance: NDArray[np.float32] | None = None
    complete: bool | None = None
    erased: int | None = None

    @property
    def key(self) -> ImageKey:
        """The image that the PDU belongs to."""
        height, width, _ = self.shape or (0, 0, 3)
        return ImageKey(self.session, self.image_id, height, width)

    def to_pmt(self) -> Any:
        """The metadata as a PMT dict, absent keys left out."""
        result = pmt.make_dict()
        for name, value in vars(self).items():
            if value is not None:
                key, write = _WRITERS[name]
                result = pmt.dict_add(result, key, write(value))
        return result

    @classmethod
    def from_pmt(cls, data: Any, require: tuple[str, ...] = ()) -> Metadata:
        """Read a PMT dict.

        Raises:
            PduError: not a dict, a key of `require` is missing, or a value has another type.
        """
        # An empty dict is the empty list in PMT.
        if not (pmt.is_dict(data) or pmt.is_null(data)):
            raise PduError("metadata is not a dict")
        values: dict[str, Any] = {}
        for name, key, codec in _KEYS:
            value = pmt.dict_ref(data, key, pmt.PMT_NIL)
            if pmt.is_null(value):
                continue
            try:
                values[name] = codec.read(value)
            except Exception as error:  # pybind maps PMT's own exceptions to several types
                raise PduError(f"metadata {name}: {error}") from error
        missing = [name for name in require if name not in values]
        if missing:
            raise PduError(f"metadata lacks {', '.join(missing)}")
        return cls(**values)

    def header(self) -> Header:
        """The burst header these keys describe; without `fragment` that of the whole section.

        Raises:
            PduError: a key is missing or does not fit its field.
        """
        names = ("session", "image_id", "section", "rate", "shape", "total")
        missing = [name for name in names if getattr(self, name) is None]
        if missing:
            raise PduError(f"metadata lacks {', '.join(missing)}")
        assert self.shape is not None
        assert self.section is not None
        try:
            return Header(
                session=self.session or 0,
                image_id=self.image_id or 0,
                weights=self.weights or 0,
                section=Section[self.section.upper()],
                stream=self.stream or 0,
                fragment=self.fragment or 0,
                fragments=1 if self.fragments is None else self.fragments,
                rate=self.rate or 0,
                height=self.shape[0],
                width=self.shape[1],
                total=self.total or 0,
                aux=self.aux or 0,
            )
        except HeaderError as error:
            raise PduError(str(error)) from error

    @classmethod
    def of_header(cls, header: Header, **others: Any) -> Metadata:
        """Metadata of a received header, with more keys in `others`."""
        return cls(
            session=header.session,
            image_id=header.image_id,
            section=header.section.name.lower(),
            stream=header.stream,
            fragment=header.fragment,
            fragments=header.fragments,
            weights=header.weights,
            rate=header.rate,
            shape=(header.height, header.width, 3),
            total=header.total,
            aux=header.aux,
            **others,
        )


_CODECS: dict[str, _Codec] = {
    "session": _INTEGER,
    "image_id": _INTEGER,
    "section": _SECTION,
    "stream": _INTEGER,
    "fragment": _INTEGER,
    "fragments": _INTEGER,
    "fragments_received": _INTEGER,
    "weights": _INTEGER,
    "codec": _STRING,
    "sha256": _STRING,
    "rate": _INTEGER,
    "shape": _SHAPE,
    "streams": _INTEGER,
    "sections": _INTEGER,
    "total": _INTEGER,
    "aux": _INTEGER,
    "snr_db": _REAL,
    "noise_var": _FLOATS,
    "cfo_hz": _REAL,
    "crc_ok": _BOOL,
    "text_state": _STRING,
    "sample": _INTEGER,
    "header_symbols": _INTEGER,
    "name": _STRING,
    "refiner": _STRING,
    "editor": _STRING,
    "edit": _STRING,
    "edit_reason": _STRING,
    "inpainter": _STRING,
    "point": _INTEGER,
    "keep": _FLAGS,
    "importance": _FLOATS,
    "complete": _BOOL,
    "erased": _INTEGER,
}
assert list(_CODECS) == [f.name for f in fields(Metadata)]
_KEYS = [(name, pmt.intern(name), codec) for name, codec in _CODECS.items()]
_WRITERS = {name: (key, codec.write) for name, key, codec in _KEYS}


def make_pdu(metadata: Metadata, data: NDArray[Any]) -> Any:
    """A PDU; `data` is uint8, float32 or complex64 of any shape and is copied."""
    return pmt.cons(metadata.to_pmt(), vectors.from_array(data))


def read_pdu(
    pdu: Any, dtype: type[np.generic], require: tuple[str, ...] = ()
) -> tuple[Metadata, NDArray[Any]]:
    """Metadata and a read-only view of the data of a PDU.

    Raises:
        PduError: not a PDU, data of another type, or metadata that does not follow the schema.
    """
    # A dict is a list of pairs and so passes for a pair: its cdr is then no vector.
    if not pmt.is_pair(pdu):
        raise PduError("not a PDU")
    try:
        data = vectors.to_array(pmt.cdr(pdu), dtype)
    except TypeError as error:
        raise PduError(f"data is {error}") from error
    metadata = Metadata.from_pmt(pmt.car(pdu), require)
    if metadata.noise_var is not None and metadata.noise_var.size != data.size:
        raise PduError(f"noise_var has {metadata.noise_var.size} values for {data.size} symbols")
    return metadata, data


def known(value: T | None) -> T:
    """The value of a key that was required when the PDU was read.

    Raises:
        PduError: it was not.
    """
    if value is None:
        raise PduError("metadata lacks a key that was not asked for")
    return value


def read_fragment(
    pdu: Any, require: tuple[str, ...] = ()
) -> tuple[Metadata, Header, NDArray[np.complex64]]:
    """Metadata, burst header and symbols of a fragment PDU.

    Raises:
        PduError: as `read_pdu`, keys that make no header, or another number of symbols than it
            says.
    """
    metadata, symbols = read_pdu(pdu, np.complex64, ("fragment", "fragments", *require))
    header = metadata.header()
    if header.length != symbols.size:
        raise PduError(f"{symbols.size} symbols, the header says {header.length}")
    return metadata, header, symbols


def read_image(pdu: Any) -> tuple[Metadata, NDArray[np.uint8]]:
    """Metadata and pixels [height, width, 3] of an image PDU.

    Raises:
        PduError: as `read_pdu`, or the pixels do not fill the shape.
    """
    metadata, pixels = read_pdu(pdu, np.uint8, require=("image_id", "shape"))
    assert metadata.shape is not None
    if pixels.size != int(np.prod(metadata.shape)) or not pixels.size:
        raise PduError(f"{pixels.size} bytes for an image of {metadata.shape}")
    return metadata, pixels.reshape(metadata.shape)


def kept_blocks(metadata: Metadata) -> NDArray[np.bool_]:
    """Which blocks of 16x16 pixels of an image were sent, [ceil(H/16), ceil(W/16)].

    All of them where the metadata does not say.

    Raises:
        PduError: no shape, or as many flags as do not belong to it.
    """
    if metadata.shape is None:
        raise PduError("metadata lacks shape")
    blocks = -(-metadata.shape[0] // BLOCK), -(-metadata.shape[1] // BLOCK)
    if metadata.keep is None:
        return np.ones(blocks, dtype=bool)
    if metadata.keep.size != blocks[0] * blocks[1]:
        raise PduError(f"keep has {metadata.keep.size} flags for {blocks[0]}x{blocks[1]} blocks")
    return metadata.keep.reshape(blocks)
