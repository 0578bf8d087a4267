"""A camera as a source: a picture when one is due, in a file; one line where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from gensc.data.images import load_image
from gensc.system.errors import UserError
from gensc.transmitter.camera import CameraSource


class Camera:
    """What OpenCV's VideoCapture looks like; its pictures are blue, green and red."""

    def __init__(self, device, opened=True):
        self.device, self.opened, self.frames = device, opened, 0

    def isOpened(self):
        return self.opened

    def read(self):
        self.frames += 1
        if self.frames == 2:
            return False, None
        frame = np.zeros((32, 48, 3), np.uint8)
        frame[..., 0] = 200
        return True, frame

    def release(self):
        self.opened = False


def test_pictures_come_when_they_are_due_and_are_files(tmp_path):
    now, made = [0.0], []

    def opens(device):
        made.append(Camera(device))
        return made[0]

    source = CameraSource("camera:1", tmp_path / "frames", 2.0, opens, lambda: now[0])
    (one,) = source.look()
    assert made[0].device == 1
    image = load_image(one.path)
    assert image.shape == (32, 48, 3)
    assert image[0, 0].tolist() == [0, 0, 200]  # OpenCV's blue comes first
    assert list(source.look()) == []
    now[0] = 2.5
    assert list(source.look()) == []  # not ready
    now[0] = 5.0
    assert len(list(source.look())) == 1
    assert len(list((tmp_path / "frames").iterdir())) == 2
    source.close()
    assert not made[0].opened


def test_no_camera_is_one_line(tmp_path, capfd):
    with pytest.raises(UserError, match=r"camera:97: no such camera"):
        CameraSource("camera:97", tmp_path)
    with pytest.raises(UserError, match=r"which\?"):
        CameraSource("camera:", tmp_path)
    assert capfd.readouterr().err == ""
