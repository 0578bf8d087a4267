"""Fakes of UHD, gr-iio and gr-soapy that know what the real blocks can be told, and remember it."""

from __future__ import annotations

import contextlib
import importlib
import sys
import time
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import gnuradio
from gnuradio import gr
from gnuradio.gensc.radio import libiio


class Air:
    """What fake radios send and hear, and what was made of them."""

    def __init__(self) -> None:
        self.devices: list[Any] = []
        self.heard = np.zeros(0, np.complex64)
        #: samples per second that the devices run at, whatever they are told.
        self.rate: float | None = None
        self.missing = ""
        #: what is heard comes again and again, at the level of the gain, with noise, up to 1.
        self.endless = False
        #: after what is heard the receiver is unplugged.
        self.unplugged = False

    def sent(self) -> np.ndarray:
        """All samples of the transmitters."""
        pieces = [s for d in self.devices for s in getattr(d, "samples", [])]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.complex64)

    def told(self, name: str) -> Any:
        """Arguments of the last call of a method, of the last device that was told."""
        return next(d.told[name] for d in reversed(self.devices) if name in d.told)


class _Device:
    """Takes the calls that the real block has, and no others."""

    real: Any
    air: Air

    def _remember(self) -> None:
        self.told: dict[str, Any] = {}
        self.calls: list[str] = []
        #: gain control of a Pluto: what it does, and what it was asked for.
        self.modes, self.asked = ["manual"], ["manual"]
        self.air.devices.append(self)

    def __getattr__(self, name: str) -> Any:
        own = name.startswith(("set_", "get_", "list_", "has_"))
        if not own or name in ("set_msg_handler", "set_processor_affinity"):
            raise AttributeError(name)
        assert hasattr(self.real, name), f"{self.real.__name__} has no {name}"
        if name.startswith("set_"):
            return lambda *values: self._set(name, *values)
        return lambda *where: self._get(name, *where)

    def _set(self, name: str, *values: Any) -> None:
        # As the real one does, where a number of another kind arrives.
        if name in ("set_frequency", "set_samplerate") and self.real.__module__.startswith(
            "gnuradio.iio"
        ):
            assert isinstance(values[0], int), f"{name}{values}: an integer"
        self.calls.append(name)
        self.told[name] = values

    def _get(self, name: str, *where: Any) -> Any:
        rate = self.air.rate
        asked = {
            "get_samp_rate": lambda: rate or self.told["set_samp_rate"][0],
            "get_sample_rate": lambda: rate or self.told["set_sample_rate"][1],
            "get_center_freq": lambda: getattr(
                self.told["set_center_freq"][0], "target", self.told["set_center_freq"][0]
            ),
            "get_frequency": lambda: self.told["set_frequency"][1],
            "get_bandwidth": lambda: next(v for v in self.told["set_bandwidth"] if v > 1),
            "get_gain": lambda: next(
                v for v in reversed(self.told["set_gain"]) if v or len(self.told["set_gain"]) == 1
            ),
            "get_gain_range": lambda: SimpleNamespace(
                start=lambda: 0.0, stop=lambda: 76.0, minimum=lambda: 0.0, maximum=lambda: 62.0
            ),
            "get_antennas": lambda: ("TX/RX", "RX2"),
            "list_antennas": lambda: ("A", "B"),
            "get_antenna": lambda: self.told.get("set_antenna", ("RX2",))[0],
            "get_clock_sources": lambda: ("internal", "external"),
            "has_gain_mode": lambda: True,
        }
        return asked[name]()


class _Sink(_Device, gr.sync_block):
    def __init__(self, *arguments: Any) -> None:
        gr.sync_block.__init__(self, "fake_sink", [np.complex64], None)
        self._remember()
        self.arguments, self.samples = arguments, []

    def work(self, input_items: Any, output_items: Any) -> int:
        self.samples.append(input_items[0].copy())
        return len(input_items[0])


class _Source(_Device, gr.sync_block):
    """Gives what is on the air, then silence, for ever."""

    def __init__(self, *arguments: Any) -> None:
        gr.sync_block.__init__(self, "fake_source", None, [np.complex64])
        self._remember()
        self.arguments, self.rest, self._at = arguments, self.air.heard, 0

    def work(self, input_items: Any, output_items: Any) -> int:
        out = output_items[0]
        if self.air.endless:
            return self._listen(out[:8192])
        n = min(len(out), len(self.rest))
        if self.air.unplugged:
            out[:n], self.rest = self.rest[:n], self.rest[n:]
            return n or -1
        out[:n], out[n:] = self.rest[:n], 0
        self.rest = self.rest[n:]
        return len(out)

    def _listen(self, out: np.ndarray) -> int:
        """Gain 0 is full scale at 1; the converter's own noise does not depend on the gain."""
        time.sleep(len(out) / 1e6)
        heard = self.air.heard
        out[:] = heard[(self._at + np.arange(len(out))) % len(heard)]
        self._at += len(out)
        gain = next(v for v in reversed(self.told["set_gain"]) if v or len(self.told) == 1)
        noise = np.random.default_rng(self._at).standard_normal((len(out), 2)).astype(np.float32)
        parts = out.view(np.float32).reshape(-1, 2) * 10 ** (gain / 20) + 2e-3 * noise
        out.view(np.float32).reshape(-1, 2)[:] = np.clip(parts, -1, 1)
        return len(out)


class _Chip:
    """Attributes of the last Pluto that was made, with gr-iio's way of setting a gain mode."""

    def __init__(self, air: Air) -> None:
        self.air, self.written = air, {}

    def read(self, channel: str, name: str, *, output: bool) -> str:
        device = self.air.devices[-1]
        if name == "frequency":
            assert channel == ("altvoltage1" if isinstance(device, _Sink) else "altvoltage0")
            return str(device.told["set_frequency"][0])
        if name == "sampling_frequency":
            return str(self.air.rate or device.told["set_samplerate"][0])
        if name == "gain_control_mode":
            return device.modes[-1] if not output else ""
        if name == "hardwaregain":
            gain = device.told.get("set_gain", (0, 71.0))[1]
            return f"{-device.told['set_attenuation'][1] if output else gain:f} dB"
        return self.written.get((name, output), "18000000")

    def write(self, channel: str, name: str, value: str, *, output: bool) -> bool:
        self.written[name, output] = value
        return True


def _pluto_mode(self: Any, channel: int, mode: str) -> None:
    """What is written is the mode that was told before."""
    self.calls.append("set_gain_mode")
    self.told["set_gain_mode"] = (channel, mode)
    self.modes.append(self.asked[-1])
    self.asked.append(mode)


def fake_air(monkeypatch: pytest.MonkeyPatch) -> Air:
    """Fake drivers in place of the real ones; what is sent and heard through them."""
    air = Air()

    def fake(base: type, real: Any, **extra: Any) -> Any:
        kind = type(f"Fake{real.__name__}", (base,), {"real": real, "air": air, **extra})

        def make(*arguments: Any) -> Any:
            if air.missing:
                raise RuntimeError(air.missing)
            return kind(*arguments)

        return make

    def install(name: str, **members: Any) -> None:
        module = ModuleType(f"gnuradio.{name}")
        for key, value in members.items():
            setattr(module, key, value)
        monkeypatch.setitem(sys.modules, f"gnuradio.{name}", module)
        monkeypatch.setattr(gnuradio, name, module, raising=False)

    def first() -> str:
        if air.missing:
            raise RuntimeError(air.missing)
        return "usb:1.2.3"

    uhd, iio, soapy = (importlib.import_module(f"gnuradio.{n}") for n in ("uhd", "iio", "soapy"))
    install(
        "uhd",
        usrp_sink=fake(_Sink, uhd.usrp_sink),
        usrp_source=fake(_Source, uhd.usrp_source),
        stream_args=lambda cpu_format, channels: (cpu_format, tuple(channels)),
        tune_request=lambda target, offset: SimpleNamespace(target=target, offset=offset),
    )
    install(
        "iio",
        fmcomms2_sink_fc32=fake(_Sink, iio.fmcomms2_sink_fc32),
        fmcomms2_source_fc32=fake(_Source, iio.fmcomms2_source_fc32, set_gain_mode=_pluto_mode),
        get_pluto_uri=first,
    )
    install("soapy", sink=fake(_Sink, soapy.sink), source=fake(_Source, soapy.source))

    @contextlib.contextmanager
    def attributes(uri: str) -> Any:
        air.chip = _Chip(air)
        yield air.chip

    monkeypatch.setattr(libiio, "attributes", attributes)
    return air
