"""plan: what --dry-run says, and what it refuses."""

import pytest

from gensc.link.radio import Place, RadioSettings
from gensc.system.errors import UserError
from gensc.transmitter.plan import plan
from gensc.transmitter.run import SendSettings

SETTINGS = SendSettings(["skimage:chelsea"], max_side=256, rate=32, amplitude=0.2)


def said(place, radio, settings=SETTINGS):
    return "\n".join(plan(settings, place, radio))


def test_a_recording_has_an_air_time_only():
    text = said(Place("file", "a.cfile"), RadioSettings())
    assert "chelsea: 256x170, 5632 symbols" in text
    assert "air time: 0.0" in text
    assert "dBm" not in text


def test_a_pluto_has_a_band_a_power_and_a_range():
    text = said(Place("pluto", ""), RadioSettings())
    assert "2449.5859 to 2450.4141 MHz (0.828 MHz)" in text
    assert "2.4 GHz ISM" in text
    # 7 dBm at full power, 10 dB less by default, 14 dB less by the amplitude.
    assert "about -17 dBm mean at gain -10 dB" in text
    assert "at 100 m" in text


def test_outside_of_free_bands_a_licence_is_asked_for():
    assert "a licence, or a cable" in said(Place("pluto", ""), RadioSettings(frequency=1e9))


def test_a_bus_that_is_too_slow_is_told():
    assert "expect underflows" in said(Place("pluto", ""), RadioSettings(sample_rate=20e6))


def test_repeats_count():
    three = SendSettings(["skimage:chelsea"], max_side=256, repeat=3)
    once = SendSettings(["skimage:chelsea"], max_side=256)
    times = [
        float(said(Place("file", "a"), RadioSettings(), s).split("air time: ")[1].split()[0])
        for s in (once, three)
    ]
    assert times[1] == pytest.approx(3 * times[0], abs=0.002)


@pytest.mark.parametrize(
    ("place", "radio", "settings", "named"),
    [
        (Place("pluto", ""), RadioSettings(frequency=10e9), SETTINGS, "70 to 6000 MHz"),
        (Place("soapy", "driver=rtlsdr"), RadioSettings(), SETTINGS, "cannot transmit"),
        (
            Place("pluto", ""), RadioSettings(),
            SendSettings(["skimage:chelsea"], amplitude=1.0), "--amplitude 1",
        ),
    ],
)  # fmt: skip
def test_what_the_device_cannot_do_is_refused(place, radio, settings, named):
    with pytest.raises(UserError, match=named):
        plan(settings, place, radio)


def test_a_device_of_unknown_kind_is_not_guessed_at():
    assert "not known before" in said(Place("uhd", "addr=192.168.10.2"), RadioSettings())
