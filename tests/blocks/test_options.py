"""Options of flowgraphs: a window takes whatever its form without one takes."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gnuradio.gensc import GenscError, check_choice, check_range

FLOWGRAPHS = Path(__file__).parents[2] / "flowgraphs"
WINDOWS = sorted(f for f in FLOWGRAPHS.glob("*.grc") if not f.stem.endswith("_headless"))
#: What only a program has that ends by itself and writes files.
ONLY_WITHOUT = {"out", "repeat", "first_s", "idle_s", "linger_s"}
SLIDERS = {"variable_qtgui_range", "variable_qtgui_chooser", "variable_qtgui_check_box"}


def blocks(file):
    return yaml.safe_load(file.read_text(encoding="utf-8"))["blocks"]


def parameters(file):
    return {b["name"]: b["parameters"] for b in blocks(file) if b["id"] == "parameter"}


@pytest.mark.parametrize("value", [-2, 0.5, 30])
def test_a_slider_takes_what_it_can_show(value):
    check_range("snr_db", value, -2, 30)


@pytest.mark.parametrize("value", [-2.5, 30.5, math.inf, math.nan])
def test_what_a_slider_cannot_show_is_refused_by_the_options_name(value):
    with pytest.raises(GenscError, match=r"^--snr-db .*: its slider goes from -2 to 30"):
        check_range("snr_db", value, -2, 30)


def test_a_choice_that_there_is_not_is_refused_with_those_that_there_are():
    check_choice("channel", "fading", ["awgn", "fading"])
    with pytest.raises(GenscError, match=r"^--channel 'rician': there are awgn, fading$"):
        check_choice("channel", "rician", ["awgn", "fading"])


@pytest.mark.parametrize("file", WINDOWS, ids=lambda f: f.stem)
def test_a_window_takes_every_option_that_its_headless_form_takes(file):
    without = parameters(file.with_name(f"{file.stem}_headless.grc"))
    assert set(without) - set(parameters(file)) <= ONLY_WITHOUT


@pytest.mark.parametrize("file", WINDOWS, ids=lambda f: f.stem)
def test_every_slider_begins_where_its_option_says(file):
    options = parameters(file)
    sliders = {b["name"]: b["parameters"] for b in blocks(file) if b["id"] in SLIDERS}
    for name, slider in sliders.items():
        option = name.removesuffix("_now")
        assert option in options
        assert slider["value"] in (option, f"bool({option})")
        # The blocks follow the slider.
        others = [b for b in blocks(file) if b["name"] != name and b["id"] != "snippet"]
        assert any(name in str(b["parameters"]) for b in others)


@pytest.fixture
def offscreen(monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")


PROBE = """
import sys
from PyQt5 import QtWidgets
app = QtWidgets.QApplication([])
from gsc_loopback import argument_parser, gsc_loopback
window = gsc_loopback(**vars(argument_parser().parse_args(sys.argv[1:])))
print(window.snr_db_now, window.channel_now, window.refine_on_now)
window.set_snr_db(7)
print(window.snr_db_now)
"""


def test_a_window_begins_with_its_options_and_follows_them(compiled, offscreen):
    given = ["--model=softcast", "--max-side=128", "--snr-db=5", "--channel=rayleigh",
             "--refine-on=0"]  # fmt: skip
    said = subprocess.run(
        [sys.executable, "-c", PROBE, *given],
        env=os.environ | {"PYTHONPATH": f"{compiled}:{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert said.stdout.splitlines()[-2:] == ["5.0 rayleigh False", "7"]


@pytest.mark.parametrize(
    ("name", "argument", "line"),
    [
        ("loopback_awgn", "--snr-db=50", "gensc: --snr-db 50: its slider goes from -2 to 30"),
        ("gsc_loopback", "--channel=rician", "gensc: --channel 'rician': there are awgn, "),
        ("pluto_rx", "--rx-gain=90", "gensc: --rx-gain 90: its slider goes from 0 to 73"),
    ],
)
def test_what_a_slider_cannot_show_ends_a_program_with_one_line(
    compiled, offscreen, name, argument, line
):
    ended = subprocess.run(
        [sys.executable, str(compiled / f"{name}.py"), argument],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith(line)
