"""Where samples go to and come from: recordings, ZeroMQ, and SDR hardware."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from gensc.link.files import FORMATS, Recording, raw_sink, raw_source, recording
from gensc.system.codecs import gnuradio_blocks
from gensc.system.errors import UserError
from gnuradio.gensc.radio.opened import parse_device
from gnuradio.gensc.radio.settings import KINDS as RADIOS
from gnuradio.gensc.radio.settings import RadioSettings

__all__ = ["Place", "RadioSettings", "open_sink", "open_source", "parse_place"]

ZMQ_SCHEMES = ("tcp://", "ipc://", "inproc://")
Kind = Literal["file", "zmq", "uhd", "pluto", "soapy"]


@dataclass(frozen=True)
class Place:
    """A place named on the command line.

    Attributes:
        kind: of place; "sections" are kept ones, "pdus" come over ZeroMQ, and "loopback" has its
            transmitter in the same flowgraph.
        name: file, address, or device arguments.
        format: of a file's samples; "" is told by its name.
    """

    kind: Kind | Literal["sections", "pdus", "loopback"]
    name: str
    format: str = ""

    @property
    def is_hardware(self) -> bool:
        """Whether samples leave in real time."""
        return self.kind in RADIOS

    def file(self, *, reading: bool) -> Recording:
        """The file that this place is."""
        return recording(self.name, reading=reading, told=self.format)

    @property
    def is_live(self) -> bool:
        """Whether what comes from there comes as it is sent."""
        return self.kind not in ("file", "sections")

    def __str__(self) -> str:
        """As it was written."""
        return self.name if self.kind in ("file", "sections", "zmq") else f"{self.kind}:{self.name}"


def parse_place(target: str, sdr: str, option: str, radio: str = "", format: str = "") -> Place:
    """The one place that `option` (--to or --from), --sdr or --radio names.

    Raises:
        UserError: none, several, or one of a kind that is not known.
    """
    if bool(target) + bool(sdr) + bool(radio) != 1:
        raise UserError(
            f"give one of --radio KIND:WHERE ({', '.join(get_args(Kind))}), {option} FILE or "
            "ADDRESS, and --sdr uhd:ARGS or pluto:URI"
        )
    if format and format not in FORMATS:
        raise UserError(f"--format {format!r}: there are {', '.join(FORMATS)}")
    if radio:
        kind, _, rest = radio.partition(":")
        if kind == "file" and rest:
            return Place("file", rest, format)
        if kind == "zmq" and rest:
            return parse_place(rest if "://" in rest else f"tcp://{rest}", "", "--radio zmq:")
        if kind in RADIOS:
            return Place(kind, rest)  # type: ignore[arg-type]
        raise UserError(
            f"--radio {radio!r}: there are pluto:URI, uhd:ARGS, soapy:driver=NAME, file:PATH and "
            "zmq:ADDRESS"
        )
    if sdr:
        device, rest = parse_device(sdr)
        if device is None:
            raise UserError(f"--sdr {sdr!r}: there are uhd:ARGS, pluto:URI and soapy:driver=NAME")
        return Place(device, rest)  # type: ignore[arg-type]
    if target.startswith(ZMQ_SCHEMES):
        return Place("zmq", target)
    if "://" in target:
        raise UserError(
            f"{option} {target!r}: ZeroMQ addresses begin with {', '.join(ZMQ_SCHEMES)}"
        )
    kept = option == "--from" and (target.endswith(".npz") or Path(target).is_dir())
    return Place("sections", target) if kept else Place("file", target, format)


def open_sink(place: Place, radio: RadioSettings, bind: bool = True) -> Any:
    """A block that takes the samples.

    Raises:
        UserError: it cannot be opened; the message says what is missing.
    """
    gensc = gnuradio_blocks()
    if place.kind == "file":
        file = place.file(reading=False)
        if file.format != "sigmf":
            return raw_sink(file)
        return _guard(lambda: gensc.sigmf_sink(place.name, radio.sample_rate, radio.frequency))
    if place.kind == "zmq":
        from gensc.link.zmq_stream import ZmqStreamSink

        return ZmqStreamSink(place.name, bind)
    return _guard(lambda: gensc.radio_sink(str(place), **vars(radio)))


def open_source(
    place: Place, radio: RadioSettings, bind: bool = False, keep_open: bool = False
) -> Any:
    """A block that gives samples.

    Raises:
        UserError: it cannot be opened; the message says what is missing.
    """
    gensc = gnuradio_blocks()
    if place.kind == "file":
        file = place.file(reading=True)
        if file.format != "sigmf":
            return raw_source(file)
        return _guard(lambda: gensc.sigmf_source(place.name))
    if place.kind == "zmq":
        from gensc.link.zmq_stream import ZmqStreamSource

        return ZmqStreamSource(place.name, bind, keep_open)
    return _guard(lambda: gensc.radio_source(str(place), **vars(radio)))


def _guard(make: Any) -> Any:
    from gnuradio.gensc import GenscError

    try:
        return make()
    except GenscError as error:
        raise UserError(str(error)) from error
