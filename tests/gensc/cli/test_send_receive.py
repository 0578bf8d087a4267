"""send and receive: recordings as GNU Radio writes them, dry runs, devices that are not there."""

import json

import numpy as np
import pytest
from PIL import Image

from gensc.cli.main import run
from gensc.data.images import fit, load_image
from gensc_phy.channel.impairments import complex_noise


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "cat.png"
    Image.fromarray(fit(load_image("skimage:chelsea"), 64, 96)).save(path)
    return str(path)


def receive(capsys, *arguments):
    status = run(["receive", "--json", *map(str, arguments)])
    out, err = capsys.readouterr()
    assert status == 0, err
    return json.loads(out), err


@pytest.mark.parametrize("ending", ["cfile", "ci16", "sigmf-data"])
def test_a_photo_crosses_a_recording_of_any_kind_and_is_scored(photo, tmp_path, capsys, ending):
    path = tmp_path / f"air.{ending}"
    assert run(["send", photo, "--radio", f"file:{path}", "--model", "softcast"]) == 0
    assert f"to {path}" in capsys.readouterr().out
    # A recording of a receiver's begins in mid-air and is not free of noise.
    if ending == "cfile":
        samples = np.fromfile(path, np.complex64)
        lead = np.concatenate([np.zeros(300, np.complex64), samples])
        (lead + complex_noise(len(lead), 0.01, np.random.default_rng(0))).tofile(path)
    copy = tmp_path / "copy.cfile"
    got, err = receive(
        capsys, "--radio", f"file:{path}", "--out", tmp_path / "rx", "--reference", photo,
        "--save-iq", copy,
    )  # fmt: skip
    assert (got["images"], got["overflows"]) == (1, 0)
    assert got["peak_dbfs"] < (13 if ending != "ci16" else 0)
    assert copy.stat().st_size == 8 * got["samples"]
    (line,) = map(json.loads, (tmp_path / "rx" / "results.jsonl").read_text().splitlines())
    assert line["extra"]["reference"] == "cat"
    assert line["psnr"] > 20
    assert "against cat" in err


def test_a_picture_without_a_reference_is_received_all_the_same(photo, tmp_path, capsys):
    assert run(["send", photo, "--to", str(tmp_path / "a.cfile"), "--model", "softcast"]) == 0
    capsys.readouterr()
    got, err = receive(capsys, "--from", tmp_path / "a.cfile", "--out", tmp_path / "rx",
                       "--reference", "skimage:coffee")  # fmt: skip
    assert got["images"] == 1
    assert "no reference" in err


def test_a_dry_run_sends_nothing(photo, air, capsys):
    assert run(["send", photo, "--radio", "pluto:", "--dry-run"]) == 0
    assert "2.4 GHz ISM" in capsys.readouterr().out
    assert air.devices == []


def test_a_radio_says_what_it_does_and_its_letters_stay_out_of_json(photo, air, tmp_path, capsys):
    radio = ("--radio", "uhd:type=b200", "--frequency", "433.9e6", "--antenna", "TX/RX")
    assert run(["send", photo, *radio, "--model", "softcast", "--gain", "20"]) == 0
    assert "433.900000 MHz" in capsys.readouterr().err
    assert air.told("set_antenna") == ("TX/RX", 0)
    air.heard = air.sent()
    got, err = receive(capsys, *radio, "--count", 1, "--out", tmp_path / "rx")
    assert got["images"] == 1
    assert "gain 46 dB" in err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--radio", "pluto:", "--gain", "5"), "gain 5 dB"),
        (("--radio", "lime:"), "'lime:'"),
        (("--radio", "pluto:", "--frequency", "0"), "frequency 0"),
        (("--radio", "pluto:", "--profile", "nothing.json"), "nothing.json"),
        (("--radio", "pluto:", "--to", "a.cfile"), "give one of"),
        (("--radio", "file:a.xyz", "--format", "wav"), "'wav'"),
    ],
)
def test_what_cannot_be_is_one_line_and_status_2(photo, air, capsys, arguments, named):
    assert run(["send", photo, *arguments]) == 2
    err = capsys.readouterr().err
    assert named in err
    assert err.count("\n") == 1


def test_a_device_that_is_not_plugged_in_is_one_line(photo, air, capsys):
    air.missing = "No Pluto device found"
    assert run(["receive", "--radio", "pluto:"]) == 2
    assert capsys.readouterr().err.startswith("gensc: pluto:: device not found (No Pluto")


def test_a_device_that_is_unplugged_meanwhile_is_one_line_and_nothing_is_lost(
    photo, air, tmp_path, capsys
):
    send = "send", photo, "--model", "softcast"
    assert run([*send, "--radio", "pluto:"]) == 0
    air.heard, air.unplugged = air.sent(), True
    capsys.readouterr()
    out = tmp_path / "out"
    assert run(["receive", "--radio", "pluto:", "--out", str(out), "--seconds", "60"]) == 1
    said = capsys.readouterr()
    assert "received 1 image " in said.out
    assert said.err.splitlines()[-1].startswith("gensc: pluto:: the radio gives no samples")


def test_repeats_are_the_same_image_and_copies_are_combined(photo, tmp_path, capsys):
    """Four copies at 3 dB are worth one at 9 dB; a receiver that waits for one keeps the first."""
    path = tmp_path / "air.cfile"
    assert run(["send", photo, "--to", str(path), "--model", "softcast", "--repeat", "4"]) == 0
    capsys.readouterr()
    samples = np.fromfile(path, np.complex64)
    noise = complex_noise(len(samples), 0.5, np.random.default_rng(0))
    (samples + noise).tofile(path)
    lines = {}
    for copies in (1, 4):
        out = tmp_path / str(copies)
        got, _ = receive(capsys, "--from", path, "--out", out, "--reference", photo,
                         "--copies", copies)  # fmt: skip
        assert got["images"] == 1
        (lines[copies],) = map(json.loads, (out / "results.jsonl").read_text().splitlines())
    assert lines[4]["snr_measured_db"] - lines[1]["snr_measured_db"] == pytest.approx(6.0, abs=0.7)
    assert lines[4]["psnr"] > lines[1]["psnr"] + 1
