"""What transmitter and receiver tell each other beside the radio: messages, schema, limits.

A report is one msgpack map with the version `v` and the `kind`; the other keys are those of its
class below, all of them, and nothing else. Every value has a type and bounds, numbers are finite,
and no report is longer than `MAX_BYTES`. What does not keep to that is a `ReportError`: whoever
listens counts it and goes on.

receiver → transmitter: `Hello`, `Snr`, `ImageReport`, `Have`;
transmitter → receiver: `Hello`, `Sent`, `Ask`, `Bye`.

No report carries a time: the clocks of two hosts differ, so each counts from what arrives.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple, cast

import msgpack

VERSION = 1
MAX_BYTES = 64 << 10
"""Of a report, packed."""
MAX_IDS = 4096
"""Images that one `Ask` or `Have` names."""
MAX_MISSING = 4096
"""Fragments that one `ImageReport` names; of more, these come first."""
FATES = ("stored", "damaged", "lost")
SECTIONS = ("analog", "bits", "text")
#: What a receiver can have measured; anything else is a mistake.
SNR_RANGE_DB = (-50.0, 100.0)

Check = Callable[[Any], bool]
_CHECK = "check"


class ReportError(ValueError):
    """Bytes that are no report, or values that make none; the message says which."""


class Missing(NamedTuple):
    """A fragment that has not arrived: kind of section, stream, number."""

    section: str
    stream: int
    fragment: int


class Part(NamedTuple):
    """A section of an image: its kind, stream, and in how many fragments it is sent."""

    section: str
    stream: int
    fragments: int


def _is_int(value: Any, low: int, high: int) -> bool:
    # True is an int to Python.
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_real(value: Any, low: float, high: float) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and low <= value <= high


def _checked(check: Check, optional: bool) -> Any:
    if optional:
        return field(metadata={_CHECK: lambda value: value is None or check(value)})
    return field(metadata={_CHECK: check})


def _whole(low: int, high: int, optional: bool = False) -> Any:
    return _checked(lambda value: _is_int(value, low, high), optional)


def _real(low: float, high: float, optional: bool = False) -> Any:
    return _checked(lambda value: _is_real(value, low, high), optional)


def _text(longest: int) -> Any:
    """UTF-8 of so many characters."""

    def check(value: Any) -> bool:
        if not isinstance(value, str) or len(value) > longest:
            return False
        return not any("\ud800" <= character <= "\udfff" for character in value)

    return _checked(check, False)


def _one_of(words: tuple[str, ...]) -> Any:
    return _checked(lambda value: isinstance(value, str) and value in words, False)


def _sha256(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _shape(value: Any) -> bool:
    sized = isinstance(value, tuple) and len(value) == 3 and value[2] == 3
    return sized and all(_is_int(side, 1, 1 << 14) for side in value)


def _of_section(low: int, high: int) -> Check:
    """Kind of section, stream, and a number within these bounds."""

    def check(value: Any) -> bool:
        return (
            isinstance(value, tuple)
            and len(value) == 3
            and isinstance(value[0], str)
            and value[0] in SECTIONS
            and _is_int(value[1], 0, 3)
            and _is_int(value[2], low, high)
        )

    return check


def _several(check: Check, longest: int, optional: bool = False) -> Any:
    def checked(value: Any) -> bool:
        return isinstance(value, tuple) and len(value) <= longest and all(map(check, value))

    if optional:
        return field(default=(), metadata={_CHECK: checked})
    return _checked(checked, False)


def _ids() -> Any:
    return _several(lambda value: _is_int(value, 0, 0xFFFF), MAX_IDS)


@dataclass(frozen=True)
class _Checked:
    """A report; refuses values out of range, by name."""

    KIND: ClassVar[str]

    def __post_init__(self) -> None:
        for known in fields(self):
            value = getattr(self, known.name)
            if not known.metadata[_CHECK](value):
                raise ReportError(f"{self.KIND}: {known.name} {str(value)[:40]!r}")


@dataclass(frozen=True)
class Hello(_Checked):
    """Says who is there; either end's first report.

    Attributes:
        session: that the transmitter sends in; None from a receiver.
        name: of the station, for people.
    """

    KIND: ClassVar[str] = "hello"
    session: int | None = _whole(0, 0xFFFF, optional=True)
    name: str = _text(64)


@dataclass(frozen=True)
class Snr(_Checked):
    """What the receiver measures of this transmitter.

    Attributes:
        snr_db: Es/N0 in dB, averaged in linear units since the last report.
        spread_db: standard deviation of the single bursts in dB.
        count: bursts it was averaged over.
    """

    KIND: ClassVar[str] = "snr"
    snr_db: float = _real(*SNR_RANGE_DB)
    spread_db: float = _real(0.0, 100.0)
    count: int = _whole(1, 1 << 31)


@dataclass(frozen=True)
class ImageReport(_Checked):
    """What has become of an image.

    Attributes:
        session, image_id: which.
        fate: "stored": it is in the archive, for good; the acknowledgement. "damaged": fragments
            are missing, and until its deadline the receiver takes them: not the last report of
            this image. "lost": the receiver has given it up.
        fragments, received: of all its sections that the receiver knows of.
        missing: fragments that have not arrived.
        snr_db: Es/N0 in dB over its bursts; None where none was heard.
        spread_db: standard deviation over its bursts, dB.
    """

    KIND: ClassVar[str] = "image"
    session: int = _whole(0, 0xFFFF)
    image_id: int = _whole(0, 0xFFFF)
    fate: str = _one_of(FATES)
    fragments: int = _whole(0, 1 << 16)
    received: int = _whole(0, 1 << 16)
    missing: tuple[Missing, ...] = _several(_of_section(0, 4095), MAX_MISSING)
    snr_db: float | None = _real(*SNR_RANGE_DB, optional=True)
    spread_db: float | None = _real(0.0, 100.0, optional=True)


@dataclass(frozen=True)
class Have(_Checked):
    """Which of the images that were asked for are stored.

    Attributes:
        session: that was asked about.
        ids: of its images that are stored.
    """

    KIND: ClassVar[str] = "have"
    session: int = _whole(0, 0xFFFF)
    ids: tuple[int, ...] = _ids()


@dataclass(frozen=True)
class Sent(_Checked):
    """Announces an image, before its first burst is on the air.

    Attributes:
        session, image_id: under which it is sent.
        name: of its file, without folder.
        sha256: of the original file's bytes, hexadecimal.
        shape: (height, width, 3) as it is sent.
        scheme: of the codec or the bank.
        point, alpha, mcs: operating point of the bank, threshold of the filter, MCS of the bits;
            None where the scheme has none.
        cbr: complex channel symbols per 3·H·W.
        gvif: expected of it, 0 … 1; None where the scheme has no such measure.
        reason: why this row was chosen, in words.
        bursts: that follow.
        sections: what they are of, so that what is lost as a whole can be named missing, too.
    """

    KIND: ClassVar[str] = "sent"
    session: int = _whole(0, 0xFFFF)
    image_id: int = _whole(0, 0xFFFF)
    name: str = _text(255)
    sha256: str = _checked(_sha256, False)
    shape: tuple[int, int, int] = _checked(_shape, False)
    scheme: str = _text(128)
    point: int | None = _whole(0, 255, optional=True)
    alpha: float | None = _real(0.0, 1.0, optional=True)
    cbr: float = _real(0.0, 1e3)
    mcs: int | None = _whole(0, 255, optional=True)
    gvif: float | None = _real(0.0, 1.0, optional=True)
    reason: str = _text(256)
    bursts: int = _whole(0, 1 << 16)
    sections: tuple[Part, ...] = _several(_of_section(1, 4096), 12, optional=True)


@dataclass(frozen=True)
class Ask(_Checked):
    """Asks which images of a session are stored.

    Attributes:
        session: which.
        ids: of its images.
    """

    KIND: ClassVar[str] = "ask"
    session: int = _whole(0, 0xFFFF)
    ids: tuple[int, ...] = _ids()


@dataclass(frozen=True)
class Bye(_Checked):
    """The transmitter's last report of a session.

    Attributes:
        session: which.
        images: that were sent in it.
    """

    KIND: ClassVar[str] = "bye"
    session: int = _whole(0, 0xFFFF)
    images: int = _whole(0, 1 << 16)


Report = Hello | Snr | ImageReport | Have | Sent | Ask | Bye
_KINDS: dict[str, type[_Checked]] = {
    kind.KIND: kind for kind in (Hello, Snr, ImageReport, Have, Sent, Ask, Bye)
}


def pack(report: Report) -> bytes:
    """The bytes of a report.

    Raises:
        ReportError: longer than `MAX_BYTES`.
    """
    data = cast(bytes, msgpack.packb({"v": VERSION, "kind": report.KIND, **vars(report)}))
    if len(data) > MAX_BYTES:
        raise ReportError(f"{report.KIND}: {len(data)} bytes, {MAX_BYTES} at most")
    return data


def unpack(data: bytes) -> Report:
    """The report in some bytes.

    Raises:
        ReportError: too long, no msgpack map, another version or kind, a key too few or too many,
            a value of another type or out of its bounds.
    """
    if len(data) > MAX_BYTES:
        raise ReportError(f"{len(data)} bytes, {MAX_BYTES} at most")
    try:
        content = msgpack.unpackb(data, use_list=False, strict_map_key=True)
    except (ValueError, TypeError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        raise ReportError("no msgpack") from error
    if not isinstance(content, dict):
        raise ReportError("no map")
    version, name = content.pop("v", None), content.pop("kind", None)
    if not _is_int(version, VERSION, VERSION):
        raise ReportError(f"version {str(version)[:20]!r}, this is {VERSION}")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ReportError(f"unknown kind {str(name)[:20]!r}")
    wrong = set(content) ^ {known.name for known in fields(kind)}
    if wrong:
        raise ReportError(f"{kind.KIND}: missing or unknown: {str(min(wrong, key=str))[:20]!r}")
    report = kind(**content)
    # Tuples have no names on the way.
    if isinstance(report, ImageReport):
        object.__setattr__(report, "missing", tuple(Missing(*one) for one in report.missing))
    if isinstance(report, Sent):
        object.__setattr__(report, "sections", tuple(Part(*one) for one in report.sections))
    return cast(Report, report)
