"""calibrate and doctor --radio: what is heard at which gain, and what follows from it."""

import json

import numpy as np
import pytest

from gensc.cli.main import run
from gensc.link import gain_search
from gensc.link.calibration import radio_settings, read
from gensc_phy import BurstModulator, WaveformConfig
from gensc_phy.channel.impairments import complex_noise
from waveform import header

CFG = WaveformConfig()
OFFSET_HZ = 4900.0  # 2 ppm at 2.45 GHz


@pytest.fixture
def on_the_air(air):
    """Bursts 60 dB below full scale, 2 ppm high."""
    payload = complex_noise(8 * CFG.n_data, 1.0, np.random.default_rng(0))
    burst = BurstModulator(CFG).modulate(header(len(payload)), payload)
    samples = np.concatenate([burst, np.zeros(1500, np.complex64)])
    samples = np.tile(samples, 20)
    turn = np.exp(2j * np.pi * OFFSET_HZ / 1e6 * np.arange(len(samples)))
    air.heard = (samples * turn * 1e-3).astype(np.complex64)
    air.endless = True
    return air


def arguments(tmp_path, *more):
    return ["calibrate", "--radio", "uhd:type=b200", "--seconds", "0.3", "--out",
            str(tmp_path / "radio.json"), *more]  # fmt: skip


def test_the_best_gain_and_the_oscillator_are_found_and_written(on_the_air, tmp_path, capsys):
    status = run([*arguments(tmp_path, "--gains", "10,30,45,50,70"), "--json"])
    out, err = capsys.readouterr()
    assert status == 0, err
    told = json.loads(out)
    rows = {row["gain_db"]: row for row in told["rows"]}
    assert rows[70]["clipped"] > 0
    assert rows[45]["clipped"] == rows[10]["clipped"] == 0
    assert rows[30]["snr_db"] > rows[10]["snr_db"] + 5 if rows[10]["snr_db"] else True
    assert told["rx_gain"] in (45, 50)
    # The carrier is heard 2 ppm high: this clock is slow.
    assert told["ppm"] == pytest.approx(-2.0, abs=0.1)
    found = read(tmp_path / "radio.json")
    assert (found.device, found.rx_gain) == ("uhd:type=b200", told["rx_gain"])


def test_a_transmitter_can_send_meanwhile(on_the_air, tmp_path, capsys):
    more = ("--gains", "40", "--tx-radio", "uhd:type=b200", "--tx-gain", "30")
    assert run(arguments(tmp_path, *more)) == 0
    sent = on_the_air.sent()
    assert 0.3 < np.abs(sent).max() < 1.0
    assert "gain 40 dB" in capsys.readouterr().out


def test_silence_is_no_calibration(on_the_air, tmp_path, capsys):
    on_the_air.heard = np.zeros(1000, np.complex64)
    assert run(arguments(tmp_path, "--gains", "40")) == 2
    assert "no burst without clipping" in capsys.readouterr().err
    assert not (tmp_path / "radio.json").exists()


def test_gains_are_over_the_range_of_the_data_sheet():
    from gensc.link.radio import Place
    from gensc.system.errors import UserError

    gains = gain_search.default_gains(Place("pluto", ""))
    assert (gains[0], gains[-1]) == (0, 73)
    with pytest.raises(UserError, match="--gains"):
        gain_search.default_gains(Place("soapy", "driver=mine"))


def settings(profile, **told):
    plain = {"sample_rate": 1e6, "frequency": 2.45e9, "gain": None, "bandwidth": None,
             "antenna": "", "lo_offset": 0.0, "clock_source": "", "ppm": None}  # fmt: skip
    return radio_settings(profile, **(plain | told))


def test_a_profile_fills_in_what_is_not_told(tmp_path):
    path = tmp_path / "radio.json"
    path.write_text(json.dumps({"device": "pluto:", "frequency": 1e9, "sample_rate": 1e6,
                                "rx_gain": 33.0, "ppm": -2.0}))  # fmt: skip
    assert (settings(path, transmit=False).gain, settings(path, transmit=False).ppm) == (33, -2)
    assert settings(path, transmit=False, gain=10.0).gain == 10
    assert settings(path, transmit=True).gain is None
    assert settings(path, transmit=True).ppm == 0


@pytest.mark.parametrize("content", ["", "[]", '{"gain": 3}'])
def test_a_file_that_is_no_calibration_is_named(tmp_path, content):
    from gensc.system.errors import UserError

    path = tmp_path / "radio.json"
    path.write_text(content)
    with pytest.raises(UserError, match="no file of gensc calibrate"):
        settings(path, transmit=False)


def test_the_doctor_listens_to_a_radio(on_the_air, capsys):
    assert run(["doctor", "--radio", "pluto:", "--gain", "40", "--seconds", "0.4"]) == 0
    said = capsys.readouterr().out
    for words in ("gain 40 dB", "dBFS", "bursts, Es/N0", "carrier +4.90 kHz off (+2.00 ppm)"):
        assert words in said
    status = run(["doctor", "--radio", "uhd:type=b200", "--gain", "70", "--seconds", "0.3"])
    assert status == 0
    assert "clipping: less gain" in capsys.readouterr().out


def test_the_doctor_reads_a_recording_to_its_end(on_the_air, tmp_path, capsys):
    path = tmp_path / "a.cfile"
    noise = complex_noise(len(on_the_air.heard), 1e-8, np.random.default_rng(0))
    (on_the_air.heard + noise).tofile(path)
    assert run(["doctor", "--radio", f"file:{path}", "--seconds", "20", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["bursts"] == 20
    assert told["samples"] == len(on_the_air.heard)
    assert told["rms_dbfs"] == pytest.approx(-61.5, abs=1.5)
    assert told["cfo_hz"] == pytest.approx(OFFSET_HZ, abs=30)
