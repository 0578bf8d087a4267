"""Where samples go to and come from: SigMF recordings, ZeroMQ, and SDR hardware."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from gensc.system.codecs import gnuradio_blocks
from gensc.system.errors import UserError

ZMQ_SCHEMES = ("tcp://", "ipc://", "inproc://")
#: Samples of a Pluto's buffers.
PLUTO_BUFFER = 1 << 15


@dataclass(frozen=True)
class RadioSettings:
    """What hardware is told.

    Attributes:
        sample_rate: samples per second.
        frequency: centre frequency, Hz.
        gain: dB as the device counts; None leaves its default (reception: automatic).
    """

    sample_rate: float = 1e6
    frequency: float = 2.45e9
    gain: float | None = None


@dataclass(frozen=True)
class Place:
    """A place named on the command line.

    Attributes:
        kind: of place.
        name: file, address, or device arguments.
    """

    kind: Literal["file", "zmq", "uhd", "pluto"]
    name: str

    @property
    def is_hardware(self) -> bool:
        """Whether samples leave in real time."""
        return self.kind in ("uhd", "pluto")

    def __str__(self) -> str:
        """As it was written."""
        return self.name if self.kind in ("file", "zmq") else f"{self.kind}:{self.name}"


def parse_place(target: str, sdr: str, option: str) -> Place:
    """The one place that `option` (--to or --from) and --sdr name.

    Raises:
        UserError: none, both, or an SDR of a kind that is not known.
    """
    if bool(target) == bool(sdr):
        raise UserError(f"give either {option} FILE or ADDRESS, or --sdr uhd:ARGS or pluto:URI")
    if sdr:
        kind, _, rest = sdr.partition(":")
        if kind not in ("uhd", "pluto"):
            raise UserError(f"--sdr {sdr!r}: there are uhd:ARGS and pluto:URI")
        return Place(kind, rest)  # type: ignore[arg-type]
    if target.startswith(ZMQ_SCHEMES):
        return Place("zmq", target)
    if "://" in target:
        raise UserError(
            f"{option} {target!r}: ZeroMQ addresses begin with {', '.join(ZMQ_SCHEMES)}"
        )
    return Place("file", target)


def open_sink(place: Place, radio: RadioSettings, bind: bool = True) -> Any:
    """A block that takes the samples.

    Raises:
        UserError: it cannot be opened; the message says what is missing.
    """
    gensc = gnuradio_blocks()
    if place.kind == "file":
        return _guard(lambda: gensc.sigmf_sink(place.name, radio.sample_rate))
    if place.kind == "zmq":
        from gensc.link.zmq_stream import ZmqStreamSink

        return ZmqStreamSink(place.name, bind)
    if place.kind == "uhd":
        uhd = _module("uhd", "a USRP needs gr-uhd: apt-get install gnuradio uhd-host")
        sink = _device(place, lambda: uhd.usrp_sink(place.name, uhd.stream_args("fc32")))
        _tune_uhd(sink, radio)
        return sink
    iio = _module("iio", "a Pluto needs gr-iio: apt-get install gnuradio libiio-utils")
    uri = place.name or iio.get_pluto_uri()
    sink = _device(place, lambda: iio.fmcomms2_sink_fc32(uri, [True, True], PLUTO_BUFFER, False))
    _tune_pluto(sink, radio)
    # Pluto attenuates instead of amplifying.
    sink.set_attenuation(0, 10.0 if radio.gain is None else max(0.0, -radio.gain))
    return sink


def open_source(
    place: Place, radio: RadioSettings, bind: bool = False, keep_open: bool = False
) -> Any:
    """A block that gives samples.

    Raises:
        UserError: it cannot be opened; the message says what is missing.
    """
    gensc = gnuradio_blocks()
    if place.kind == "file":
        return _guard(lambda: gensc.sigmf_source(place.name))
    if place.kind == "zmq":
        from gensc.link.zmq_stream import ZmqStreamSource

        return ZmqStreamSource(place.name, bind, keep_open)
    if place.kind == "uhd":
        uhd = _module("uhd", "a USRP needs gr-uhd: apt-get install gnuradio uhd-host")
        source = _device(place, lambda: uhd.usrp_source(place.name, uhd.stream_args("fc32")))
        _tune_uhd(source, radio)
        return source
    iio = _module("iio", "a Pluto needs gr-iio: apt-get install gnuradio libiio-utils")
    uri = place.name or iio.get_pluto_uri()
    source = _device(place, lambda: iio.fmcomms2_source_fc32(uri, [True, True], PLUTO_BUFFER))
    _tune_pluto(source, radio)
    source.set_gain_mode(0, "slow_attack" if radio.gain is None else "manual")
    if radio.gain is not None:
        source.set_gain(0, radio.gain)
    source.set_quadrature(True)
    source.set_rfdc(True)
    source.set_bbdc(True)
    return source


def _tune_uhd(device: Any, radio: RadioSettings) -> None:
    device.set_samp_rate(radio.sample_rate)
    device.set_center_freq(radio.frequency)
    if radio.gain is not None:
        device.set_gain(radio.gain)


def _tune_pluto(device: Any, radio: RadioSettings) -> None:
    device.set_frequency(int(radio.frequency))
    device.set_samplerate(int(radio.sample_rate))
    # Auto loads the decimating filter that rates below 2.1 Msps need, and sets the bandwidth.
    device.set_filter_params("Auto", "", 0, 0)


def _module(name: str, advice: str) -> Any:
    import importlib

    try:
        return importlib.import_module(f"gnuradio.{name}")
    except ImportError as error:
        raise UserError(advice) from error


def _device(place: Place, make: Any) -> Any:
    try:
        return make()
    except RuntimeError as error:
        reason = str(error).splitlines()[0].strip() or "no answer"
        raise UserError(
            f"--sdr {place}: device not found ({reason}); see uhd_find_devices or iio_info -s"
        ) from error


def _guard(make: Any) -> Any:
    from gnuradio.gensc import GenscError

    try:
        return make()
    except GenscError as error:
        raise UserError(str(error)) from error
