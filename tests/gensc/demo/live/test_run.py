"""The live demo: photos go through all of it, the transmitter follows, the end loses nothing."""

import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from gensc.cli.main import run
from gensc.demo.live.run import LiveSettings, live, open_browser, prepare
from gensc.link.walk import Walk
from gensc.receiver.archive import Archive
from gensc.system.errors import UserError


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    y, x = np.mgrid[0:64, 0:96]
    for number in range(2):
        picture = np.stack([2 * x, 3 * y, (number + 1) * (x + y) // 2], axis=2)
        Image.fromarray(picture.astype(np.uint8)).save(folder / f"photo-{number}.png")
    return str(folder)


def test_photos_are_received_shown_and_answered_for(tmp_path, photos):
    settings = LiveSettings([photos], walk=Walk(15.0, 15.0, 1.0), interval_s=0.05,
                            out=tmp_path / "live", address="127.0.0.1:0")  # fmt: skip
    with live(settings) as running:
        bus = running.service.bus
        end = time.monotonic() + 100
        while len(bus.last("image", 6)) < 6 and time.monotonic() < end:
            time.sleep(0.05)
        images, choices = bus.last("image", 6), bus.last("choice", 6)
        where = urlsplit(running.dashboard.url).netloc
        token = (tmp_path / "live" / "dashboard.token").read_text().strip()
        connection = http.client.HTTPConnection(where, timeout=20)
        connection.request("GET", "/state", headers={"authorization": f"Bearer {token}"})
        shown = json.loads(connection.getresponse().read())
        connection.close()
    assert len(images) == 6
    # Measured and reported: what is chosen says so.
    assert any("dB" in event.fields["reason"] for event in choices)
    for event in images:
        assert event.fields["psnr"] > 20
        assert event.fields["original"]
    assert {e["kind"] for e in shown["events"]} >= {"image", "choice", "burst", "counters"}
    with Archive(tmp_path / "live" / "archive") as archive:
        assert len(archive.find()) >= 6


def test_the_command_ends_by_itself_and_prints_the_sums(tmp_path, photos, capsys):
    line = ["demo", photos, "--live", "--seconds", "3", "--no-browser", "--snr", "15"]
    line += ["--address", "127.0.0.1:0", "--out", str(tmp_path), "--refine", "none"]
    assert run(line) == 0
    said = capsys.readouterr()
    assert "dashboard: http://127.0.0.1:" in said.err
    assert json.loads(said.out)


def test_an_address_that_is_none_is_one_line(tmp_path, photos, capsys):
    assert run(["demo", photos, "--live", "--address", "here", "--out", str(tmp_path)]) == 2
    assert "dashboard address 'here': expected HOST:PORT" in capsys.readouterr().err


def test_sample_photos_have_one_shape_and_own_ones_keep_theirs(photos):
    settings = LiveSettings(["skimage:coffee", photos])
    assert [image.shape for _, image in prepare(settings, print)] == [
        (256, 384, 3), (64, 96, 3), (64, 96, 3),
    ]  # fmt: skip


def test_without_a_photo_there_is_one_line(tmp_path):
    with pytest.raises(UserError, match="nothing"):
        prepare(LiveSettings([str(tmp_path / "nothing")]), print)


def test_no_browser_is_opened_without_a_screen(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not open_browser("http://127.0.0.1:1/")


def test_ctrl_c_ends_it_cleanly_and_everything_is_accounted_for(tmp_path, photos):
    words = [sys.executable, "-m", "gensc.cli.main", "demo", photos, "--live", "--no-browser",
             "--snr", "15", "--interval", "0.1", "--address", "127.0.0.1:0", "--refine", "none",
             "--out", str(tmp_path)]  # fmt: skip
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        guard = threading.Timer(120, program.kill)
        guard.start()
        assert program.stderr is not None
        assert any(line.startswith("Ctrl-C ends") for line in program.stderr)
        time.sleep(3)
        program.send_signal(signal.SIGINT)
        out, _ = program.communicate()
        guard.cancel()
    assert program.returncode == 0
    sums = json.loads(out)
    assert sums["images"] == sums["stored"] + sums["damaged"] + sums["lost"]
    assert sums["open"] == 0
