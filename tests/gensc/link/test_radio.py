"""Places on the command line, and SDR hardware behind a fake of its driver."""

import sys
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

import gnuradio
from gensc.data.images import fit, load_image
from gensc.link.radio import Place, RadioSettings, open_sink, open_source, parse_place
from gensc.receiver.run import ReceiveSettings, receive_images
from gensc.system.errors import UserError
from gensc.transmitter.run import SendSettings, send_images
from gnuradio import gr

RADIO = RadioSettings(sample_rate=2e6, frequency=433.92e6, gain=30)


@pytest.mark.parametrize(
    ("target", "sdr", "kind", "name"),
    [
        ("capture.sigmf-data", "", "file", "capture.sigmf-data"),
        ("tcp://*:5555", "", "zmq", "tcp://*:5555"),
        ("ipc:///tmp/x", "", "zmq", "ipc:///tmp/x"),
        ("", "uhd:type=b200", "uhd", "type=b200"),
        ("", "uhd", "uhd", ""),
        ("", "pluto:ip:192.168.2.1", "pluto", "ip:192.168.2.1"),
    ],
)
def test_places(target, sdr, kind, name):
    assert parse_place(target, sdr, "--to") == Place(kind, name)


@pytest.mark.parametrize(
    ("target", "sdr", "named"),
    [
        ("", "", "--to"),
        ("a", "uhd", "--to"),
        ("", "lime:1", "lime:1"),
        ("http://x", "", "http://x"),
    ],
)
def test_places_that_are_none(target, sdr, named):
    with pytest.raises(UserError, match=named):
        parse_place(target, sdr, "--to")


class Device:
    """Remembers what a driver was told."""

    def __init__(self):
        self.told = {}

    def __getattr__(self, name):
        if not name.startswith("set_") or name in ("set_msg_handler", "set_processor_affinity"):
            raise AttributeError(name)
        return lambda *values: self.told.__setitem__(name, values)


class FakeSink(Device, gr.sync_block):
    """Takes the samples a device would send."""

    def __init__(self, *arguments):
        Device.__init__(self)
        gr.sync_block.__init__(self, "fake_sink", [np.complex64], None)
        self.arguments, self.samples = arguments, []

    def work(self, input_items, output_items):
        self.samples.append(input_items[0].copy())
        return len(input_items[0])


class FakeSource(Device, gr.sync_block):
    """Gives the samples a device would receive, then silence, for ever."""

    air = np.zeros(0, np.complex64)

    def __init__(self, *arguments):
        Device.__init__(self)
        gr.sync_block.__init__(self, "fake_source", None, [np.complex64])
        self.arguments, self.rest = arguments, FakeSource.air

    def work(self, input_items, output_items):
        out = output_items[0]
        n = min(len(out), len(self.rest))
        out[:n], out[n:] = self.rest[:n], 0
        self.rest = self.rest[n:]
        return len(out)


@pytest.fixture
def drivers(monkeypatch):
    """gr-uhd and gr-iio with fake devices; returns the devices that are made."""
    made = []

    def make(kind):
        def build(*arguments):
            made.append(kind(*arguments))
            return made[-1]

        return build

    for name, sink, source in (
        ("uhd", "usrp_sink", "usrp_source"),
        ("iio", "fmcomms2_sink_fc32", "fmcomms2_source_fc32"),
    ):
        module = ModuleType(f"gnuradio.{name}")
        setattr(module, sink, make(FakeSink))
        setattr(module, source, make(FakeSource))
        module.stream_args = lambda kind: kind
        module.get_pluto_uri = lambda: "usb:1.2.3"
        monkeypatch.setitem(sys.modules, f"gnuradio.{name}", module)
        monkeypatch.setattr(gnuradio, name, module, raising=False)
    return made


@pytest.mark.parametrize("opens", [open_sink, open_source])
def test_usrp_is_tuned(drivers, opens):
    device = opens(Place("uhd", "type=b200"), RADIO)
    assert device.arguments == ("type=b200", "fc32")
    assert device.told["set_samp_rate"] == (2e6,)
    assert device.told["set_center_freq"] == (433.92e6,)
    assert device.told["set_gain"] == (30,)


def test_pluto_receives_with_its_own_gain_control_unless_told(drivers):
    device = open_source(Place("pluto", ""), RadioSettings())
    assert device.arguments[0] == "usb:1.2.3"
    assert device.told["set_gain_mode"] == (0, "slow_attack")
    device = open_source(Place("pluto", "ip:pluto.local"), RADIO)
    assert device.arguments[0] == "ip:pluto.local"
    assert device.told["set_gain_mode"] == (0, "manual")
    assert device.told["set_gain"] == (0, 30)


def test_pluto_transmits_with_an_attenuation(drivers):
    device = open_sink(Place("pluto", ""), RadioSettings(gain=-20))
    assert device.told["set_attenuation"] == (0, 20)
    assert device.told["set_samplerate"] == (1_000_000,)


@pytest.mark.parametrize("kind", ["uhd", "pluto"])
def test_photo_crosses_from_one_device_to_another(drivers, tmp_path, kind):
    photo = tmp_path / "a.png"
    Image.fromarray(fit(load_image("skimage:chelsea"), 64, 96)).save(photo)
    settings = SendSettings([str(photo)], model="softcast", amplitude=0.2)
    send_images(settings, Place(kind, ""), RadioSettings())
    sent = np.concatenate(drivers[0].samples)
    assert np.abs(sent).max() < 1.0  # what hardware can take
    FakeSource.air = sent
    report = receive_images(
        ReceiveSettings(tmp_path / "out", count=1), Place(kind, ""), RadioSettings()
    )
    assert report.images == 1


@pytest.mark.parametrize(("name", "advice"), [("uhd", "gr-uhd"), ("pluto", "gr-iio")])
def test_missing_driver_is_named_with_the_way_out(monkeypatch, name, advice):
    monkeypatch.setitem(sys.modules, "gnuradio.uhd", None)
    monkeypatch.setitem(sys.modules, "gnuradio.iio", None)
    with pytest.raises(UserError, match=f"{advice}: apt-get install"):
        open_sink(Place(name, "ip:1"), RADIO)


def test_missing_device_is_one_line(drivers, monkeypatch):
    def none(*arguments):
        raise RuntimeError("LookupError: KeyError: No devices found\n----->\nDevice Address")

    monkeypatch.setattr(sys.modules["gnuradio.uhd"], "usrp_source", none)
    with pytest.raises(UserError, match="No devices found") as caught:
        open_source(Place("uhd", "type=b200"), RADIO)
    assert "\n" not in str(caught.value)
