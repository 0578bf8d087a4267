"""An ADALM-Pluto that libiio's own emulator plays: the real gr-iio source and sink."""

import shutil
import socket
import subprocess
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from gensc.data.images import fit, load_image
from gensc.link.radio import Place, RadioSettings
from gensc.receiver.run import ReceiveSettings, receive_images
from gensc.system.errors import UserError
from gensc.transmitter.run import SendSettings, send_images
from gensc_phy.channel.config import ChannelConfig
from gensc_phy.channel.hostile import HostileChannel

EMULATOR = shutil.which("iio-emu")
DESCRIPTION = shutil.which("pluto.xml") or "pluto.xml"
pytestmark = pytest.mark.skipif(
    EMULATOR is None, reason="iio-emu is not on PATH (libiio's emulator of devices)"
)
#: The emulated receiver's samples come out so many times larger.
RX_SCALE = 16.0


@pytest.fixture
def emulator(tmp_path):
    """Starts an emulated Pluto whose converters are files; gives (sent, received) and starter."""
    sent, heard = tmp_path / "tx.bin", tmp_path / "rx.bin"
    for file in (sent, heard):
        file.write_bytes(bytes(1 << 16))
    running = []

    def start():
        process = subprocess.Popen(
            [EMULATOR, "generic", DESCRIPTION, f"iio:device2@{sent}", f"iio:device3@{heard}"]
        )
        running.append(process)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", 30431)) == 0:
                    return
            time.sleep(0.1)
        pytest.fail("iio-emu does not answer")

    yield sent, heard, start
    for process in running:
        process.terminate()
        process.wait()


@pytest.mark.parametrize("offset_hz", [0.0, 20e3, 90e3])
def test_an_image_crosses_at_an_offset(emulator, tmp_path, offset_hz):
    sent, heard, start = emulator
    photo = tmp_path / "cat.png"
    Image.fromarray(fit(load_image("skimage:chelsea"), 64, 96)).save(photo)
    start()
    place, radio = Place("pluto", "ip:127.0.0.1"), RadioSettings(gain=-10.0)
    send_images(SendSettings([str(photo)], model="softcast", amplitude=0.2), place, radio)
    pairs = np.fromfile(sent, "<i2").astype(np.float32).reshape(-1, 2) / 32768
    samples = pairs.view(np.complex64)[:, 0]
    assert np.abs(samples).max() > 0.05
    channel = HostileChannel(ChannelConfig(cfo_hz=offset_hz, snr_db=60.0), 1)
    received = channel.process(samples) / RX_SCALE
    (received.view(np.float32) * 2048).astype("<i2").tofile(heard)
    said = []
    report = receive_images(
        ReceiveSettings(tmp_path / "out", count=1, seconds=60), place, replace(radio, gain=None),
        on_image=said.append,
    )  # fmt: skip
    assert report.images == 1
    assert "slow_attack" in said[0]
    assert "1 MHz wide" in said[0]


def test_a_device_that_is_not_there_is_one_line(tmp_path):
    settings = ReceiveSettings(tmp_path / "out", count=1)
    with pytest.raises(UserError, match=r"^pluto:ip:127.0.0.1: device not found"):
        receive_images(settings, Place("pluto", "ip:127.0.0.1"), RadioSettings())
