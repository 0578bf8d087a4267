"""radio_source and radio_sink: what each driver is told, and what the device says."""

import sys

import numpy as np
import pytest

from gnuradio import blocks, gensc, gr
from gnuradio.gensc.radio.limits import limits, refusals
from gnuradio.gensc.radio.settings import RadioSettings, Tuned

TOLD = {"sample_rate": 2e6, "frequency": 433.92e6, "gain": 30.0}


@pytest.mark.parametrize("made", [gensc.radio_source, gensc.radio_sink])
def test_a_usrp_is_told_all_of_it_and_read_back(air, made):
    block = made("uhd:type=b200", **TOLD, bandwidth=1.5e6, antenna="TX/RX", lo_offset=3e6,
                 clock_source="external")  # fmt: skip
    (device,) = air.devices
    assert device.arguments == ("type=b200", ("fc32", (0,)))
    assert device.told["set_samp_rate"] == (2e6,)
    assert vars(device.told["set_center_freq"][0]) == {"target": 433.92e6, "offset": 3e6}
    assert device.told["set_gain"] == (30.0, 0)
    assert device.told["set_bandwidth"] == (1.5e6, 0)
    assert device.told["set_antenna"] == ("TX/RX", 0)
    assert device.told["set_clock_source"] == ("external", 0)
    # The reference comes first: changing it resets the rates.
    assert device.calls.index("set_clock_source") < device.calls.index("set_samp_rate")
    assert block.tuned == Tuned("uhd:type=b200", 2e6, 433.92e6, 1.5e6, 30.0, antenna="TX/RX")
    for word in ("433.92", "2 Msps", "gain 30 dB", "TX/RX"):
        assert word in block.tuned.line()


@pytest.mark.parametrize(
    ("made", "device", "gain"),
    [
        (gensc.radio_source, "uhd:type=b200", 46), (gensc.radio_sink, "uhd:type=b200", 53),
        (gensc.radio_source, "soapy:driver=lime", 37), (gensc.radio_sink, "soapy:driver=lime", 43),
    ],
)  # fmt: skip
def test_without_a_gain_it_is_within_the_range_and_not_at_its_end(air, made, device, gain):
    assert made(device).tuned.gain == gain


def test_a_pluto_adjusts_itself_unless_told(air):
    block = gensc.radio_source("pluto:")
    (device,) = air.devices
    assert device.arguments[:2] == ("usb:1.2.3", [True, True])
    # gr-iio wrote the mode before it: the last one counts.
    assert device.modes[-1] == "slow_attack"
    assert (block.tuned.gain, block.tuned.gain_mode) == (None, "slow_attack")
    block = gensc.radio_source("pluto:ip:192.168.2.1", gain=40.0)
    assert air.devices[1].arguments[0] == "ip:192.168.2.1"
    assert air.devices[1].modes[-1] == "manual"
    assert block.tuned.gain == 40


@pytest.mark.parametrize("made", [gensc.radio_source, gensc.radio_sink])
def test_a_plutos_analog_filter_is_as_wide_as_the_signal(air, made):
    assert made("pluto:", sample_rate=1e6, gain=-20.0 if made is gensc.radio_sink else 20.0)
    transmit = made is gensc.radio_sink
    assert air.chip.written["rf_bandwidth", transmit] == "1000000"
    assert air.told("set_samplerate") == (1_000_000,)
    assert air.told("set_filter_params") == ("Auto", "", 0, 0)


def test_a_pluto_transmits_with_an_attenuation(air):
    assert gensc.radio_sink("pluto:", gain=-20.0).tuned.gain == -20
    assert air.told("set_attenuation") == (0, 20.0)
    assert gensc.radio_sink("pluto:").tuned.gain == -10


def test_a_soapy_device_is_told_all_of_it(air):
    block = gensc.radio_source("soapy:driver=lime", **TOLD, antenna="B", lo_offset=1e6,
                               bandwidth=5e6)  # fmt: skip
    (device,) = air.devices
    assert device.arguments == ("driver=lime", "fc32", 1, "", "", ["OFFSET=1e+06"], [""])
    assert device.told["set_frequency"] == (0, 433.92e6)
    assert device.told["set_sample_rate"] == (0, 2e6)
    assert device.told["set_gain_mode"] == (0, False)
    assert device.told["set_antenna"] == (0, "B")
    assert block.tuned.bandwidth == 5e6


def test_an_oscillator_that_is_off_is_made_up_for(air):
    gensc.radio_source("uhd:type=b200", 1e6, 2.45e9, ppm=20.0)
    assert air.told("set_center_freq")[0] == pytest.approx(2.45e9 - 49e3, abs=2)
    assert air.told("set_samp_rate")[0] == pytest.approx(1e6 - 20, abs=0.01)


@pytest.mark.parametrize("device", ["pluto:", "uhd:type=b200", "soapy:driver=lime"])
def test_gain_and_frequency_can_be_changed_while_it_runs(air, device):
    block = gensc.radio_source(device, gain=20.0)
    block.set_gain(33.0)
    block.set_frequency(915e6)
    assert 33.0 in air.told("set_gain")
    told = air.told("set_center_freq" if device.startswith("uhd") else "set_frequency")
    assert 915e6 in told


@pytest.mark.parametrize("device", ["pluto:", "uhd:type=b200", "soapy:driver=lime"])
def test_a_device_at_another_rate_is_refused(air, device):
    air.rate = 1.001e6
    with pytest.raises(gensc.GenscError, match=r"asked for 1e\+06.*runs at 1.001e\+06"):
        gensc.radio_source(device, gain=20.0)


@pytest.mark.parametrize(
    "device", ["pluto:", "pluto:ip:10.0.0.9", "uhd:type=b200", "soapy:driver=lime"]
)
def test_a_device_that_is_not_there_is_one_line(air, device):
    air.missing = "LookupError: KeyError: No devices found\n----->\nDevice Address"
    with pytest.raises(gensc.GenscError, match=f"{device}: device not found.*No devices") as error:
        gensc.radio_source(device)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "package"), [("uhd", "gr-uhd"), ("iio", "gr-iio"), ("soapy", "gr-soapy")]
)
def test_a_driver_that_is_not_there_is_named_with_the_way_out(monkeypatch, kind, package):
    monkeypatch.setitem(sys.modules, f"gnuradio.{kind}", None)
    device = {"uhd": "uhd:", "iio": "pluto:", "soapy": "soapy:driver=x"}[kind]
    with pytest.raises(gensc.GenscError, match=f"{package}: apt-get install"):
        gensc.radio_source(device)


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"antenna": "RX9"}, "antenna 'RX9': there are TX/RX, RX2"),
        ({"clock_source": "gpsdo"}, "clock source 'gpsdo': there are internal, external"),
        ({"frequency": 7e9}, "7000 MHz: USRP B200/B210 tunes 70 to 6000 MHz"),
        ({"gain": 99.0}, "gain 99 dB"),
        ({"sample_rate": 100e6}, "1e[+]08 samples/s"),
        ({"ppm": 1000.0}, "ppm 1000.0"),
        ({"bandwidth": 0.0}, "bandwidth 0.0"),
    ],
)
def test_what_the_device_cannot_do_is_named(air, told, named):
    with pytest.raises(gensc.GenscError, match=named):
        gensc.radio_source("uhd:type=b200", **told)


@pytest.mark.parametrize(
    ("kind", "arguments", "transmit", "settings", "count"),
    [
        ("pluto", "", False, RadioSettings(), 0),
        ("pluto", "", True, RadioSettings(gain=10.0), 1),
        ("pluto", "", True, RadioSettings(lo_offset=1e6, clock_source="external"), 2),
        ("soapy", "driver=rtlsdr", True, RadioSettings(), 1),
        ("soapy", "driver=rtlsdr", False, RadioSettings(frequency=433e6), 0),
        ("soapy", "driver=hackrf", True, RadioSettings(), 1),  # 2 Msps at least
        ("uhd", "type=x300", False, RadioSettings(sample_rate=2e6), 0),
    ],
)
def test_data_sheets_are_known_before_a_device_is_plugged_in(
    kind, arguments, transmit, settings, count
):
    assert len(refusals(limits(kind, arguments), settings, transmit)) == count


def test_a_device_whose_kind_is_not_told_has_no_data_sheet():
    assert limits("uhd", "addr=192.168.10.2") is None
    assert limits("soapy", "driver=mine") is None


def test_samples_go_out_and_come_in(air):
    sent = (np.arange(5000) / 5000).astype(np.complex64)
    top = gr.top_block()
    top.connect(blocks.vector_source_c(sent.tolist()), gensc.radio_sink("uhd:type=b200"))
    top.run()
    np.testing.assert_array_equal(air.sent(), sent)
    air.heard = sent
    top, sink = gr.top_block(), blocks.vector_sink_c()
    top.connect(gensc.radio_source("soapy:driver=lime"), blocks.head(8, 5000), sink)
    top.run()
    np.testing.assert_array_equal(np.array(sink.data(), np.complex64), sent)


def test_a_name_of_no_radio_is_refused():
    with pytest.raises(gensc.GenscError, match="'lime:1' names no radio"):
        gensc.radio_sink("lime:1")
    with pytest.raises(gensc.GenscError, match="driver=hackrf"):
        gensc.radio_sink("soapy:")
