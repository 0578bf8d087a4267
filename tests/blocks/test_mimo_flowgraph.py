"""flowgraphs/mu_gsc_3x3: compiled by GNU Radio Companion's compiler, and run."""

import inspect
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import yaml
from PIL import Image

from gensc.data.images import load_image
from gnuradio import gensc

PHOTOS = ("astronaut", "chelsea", "coffee")

DRIVER = """
import sys, time
from PyQt5 import QtWidgets
from mu_gsc_3x3 import mu_gsc_3x3
app = QtWidgets.QApplication(sys.argv)
window = mu_gsc_3x3()
window.start(); window.show()
displays = [window.display0, window.display1, window.display2]

def wait(more):
    wanted, begin = [d.shown + more for d in displays], time.monotonic()
    while any(d.shown < n for d, n in zip(displays, wanted)):
        assert time.monotonic() - begin < 40, [d.shown for d in displays]
        app.processEvents(); time.sleep(0.01)

wait(1)
window.set_separation("zf"); window.set_snr_db(25)
wait(1)
for _ in range(50):
    app.processEvents(); time.sleep(0.01)
window.grab().save("window.png")
window.stop(); window.wait()
"""


@pytest.mark.parametrize("name", ["mimo_tx", "mimo_rx", "mimo_channel"])
def test_a_definition_fits_its_block_and_is_documented(name):
    text = (gensc.grc_blocks_path() / f"gensc_{name}.block.yml").read_text(encoding="utf-8")
    block, made = yaml.safe_load(text), getattr(gensc, name)
    parameters = {p["id"]: p["label"] for p in block["parameters"]}
    wanted = list(inspect.signature(made.__init__).parameters)[1:]
    # Users and antennas make the ports, even where the block knows them from the uplink.
    assert [p for p in parameters if p in wanted] == wanted
    assert set(parameters) - set(wanted) <= {"users", "antennas"}
    called = re.findall(r"\$\{(\w+)\}", block["templates"]["make"])
    assert called == wanted
    for callback in block["templates"]["callbacks"]:
        assert callable(getattr(made, callback.split("(")[0]))
    for label in parameters.values():
        assert re.sub(r" \(.*\)", "", label) in block["documentation"]


def run(folder, arguments, where):
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=where, env=env, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2))


def test_three_photos_arrive_and_none_is_another_users(compiled, tmp_path):
    options = ["--out", "got", "--snr-db", "18", "--max-side", "192"]
    run(compiled, [str(compiled / "mu_gsc_3x3_headless.py"), *options], tmp_path)
    sent = [load_image(f"skimage:{name}", 192) for name in PHOTOS]
    for user, photo in enumerate(sent):
        folder = tmp_path / "got" / f"user{user}"
        received = np.asarray(Image.open(next(folder.glob("*-00000.png"))))
        assert received.shape == photo.shape
        assert psnr(photo, received) > 20
        (line,) = (folder / "images.jsonl").read_text().splitlines()
        note = json.loads(line)
        assert note["fragments_received"] == note["fragments"]
        # The users' own carrier offsets, in the order of the users.
        assert note["cfo_hz"] == pytest.approx([1000, 1100, 900][user], abs=30)


def test_the_window_shows_three_photos(compiled, tmp_path):
    (tmp_path / "driver.py").write_text(DRIVER)
    run(compiled, ["driver.py"], tmp_path)
    window = np.asarray(Image.open(tmp_path / "window.png").convert("RGB"))
    # Three photos side by side, full of colour, below the controls.
    for third in np.array_split(window[len(window) // 3 :], 3, axis=1):
        assert np.std(third) > 30
        assert np.mean(np.ptp(third.reshape(-1, 3), axis=1) > 30) > 0.1
