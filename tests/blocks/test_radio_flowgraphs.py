"""Flowgraphs of radios: each compiles, and behind fake drivers tells its device all of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HELPERS = Path(__file__).parents[1] / "helpers"
DRIVERS = {"pluto": "fmcomms2_{}_fc32", "usrp": "usrp_{}", "soapy": "{}"}
NAMES = [f"{radio}_{what}" for radio in DRIVERS for what in ("tx", "rx", "trx")]


@pytest.fixture(scope="module")
def told(compiled):
    """What the devices of every flowgraph were told, by its name."""
    files = [str(compiled / f"{name}{form}.py") for name in NAMES for form in ("", "_headless")]
    ran = subprocess.run(
        [sys.executable, str(HELPERS / "construct_radios.py"), *files],
        env=os.environ | {
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": os.pathsep.join([str(HELPERS), os.environ.get("PYTHONPATH", "")]),
        },
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.parametrize("form", ["", "_headless"])
@pytest.mark.parametrize("name", NAMES)
def test_a_flowgraph_opens_the_radios_it_is_called_after(told, name, form):
    radio, what = name.split("_")
    sides = {"tx": {"sink"}, "rx": {"source"}, "trx": {"sink", "source"}}[what]
    kinds = {device["kind"] for device in told[name + form]["devices"]}
    assert kinds == {"Fake" + DRIVERS[radio].format(side) for side in sides}


@pytest.mark.parametrize("form", ["", "_headless"])
@pytest.mark.parametrize("name", NAMES)
def test_every_radio_is_tuned_and_has_a_gain(told, name, form):
    for device in told[name + form]["devices"]:
        calls = device["told"]
        rate = calls.get("set_samp_rate") or calls.get("set_sample_rate") or calls["set_samplerate"]
        assert float(rate[-1]) == 1e6
        tuned = calls.get("set_center_freq") or calls["set_frequency"]
        assert any(float(value) == 2.45e9 for value in tuned)
        assert {"set_gain", "set_gain_mode", "set_attenuation"} & set(calls)


@pytest.mark.parametrize("name", NAMES)
def test_the_sliders_of_a_window_set_the_gain(told, name):
    for device in told[name]["devices"]:
        transmits = "sink" in device["kind"]
        gain = {"set_gain": 7.0 if transmits else 21.0, "set_attenuation": 7.0}
        (call,) = gain.keys() & device["told"].keys()
        assert gain[call] in [float(v) for v in device["told"][call]]
