"""Pictures of a camera, by OpenCV: one every so many seconds, kept as a file until it is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from gensc.system.errors import UserError
from gensc.transmitter.watch import Candidate

PREFIX = "camera:"


class CameraSource:
    """A camera that is asked for a picture every `interval_s`.

    The books hold files, so that a picture survives a kill as any other does: each is written to
    `folder`, as a whole or not at all.

    Args:
        name: ``camera:N``, the N-th of this machine from 0 on; or a device or address that OpenCV
            knows, ``camera:/dev/video2``.
        folder: made where it is missing.
        interval_s: seconds between two pictures.
        opens: OpenCV's VideoCapture, or what behaves like it.
        clock: seconds of a clock that never runs backwards.

    Raises:
        UserError: no such camera, or the folder cannot be made.
    """

    ended = False

    def __init__(
        self,
        name: str,
        folder: Path,
        interval_s: float = 1.0,
        opens: Callable[[Any], Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        device = name.removeprefix(PREFIX)
        if not device:
            raise UserError(f"{name}: which? camera:0 is the first of this machine")
        self._name, self._folder = name, folder
        self._interval_s, self._clock, self._due = interval_s, clock, -np.inf
        self._count = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{folder}: {error.strerror}") from error
        self._camera = (opens or _opencv)(int(device) if device.isdecimal() else device)
        if not self._camera.isOpened():
            raise UserError(f"{name}: no such camera, or another program has it")

    def look(self) -> Iterator[Candidate]:
        """A picture, where one is due.

        Raises:
            UserError: it cannot be written.
        """
        if self._clock() < self._due:
            return
        self._due = self._clock() + self._interval_s
        there, frame = self._camera.read()
        if not there:  # unplugged, or not ready: asked again next time
            return
        at = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S-%f")
        path = self._folder / f"camera-{at}-{self._count:06d}.png"
        self._count += 1
        _write(path, np.ascontiguousarray(frame[:, :, ::-1]))
        yield Candidate(str(path), path.name)

    def close(self) -> None:
        """Let go of the camera."""
        self._camera.release()


def _opencv(device: int | str) -> Any:
    import cv2

    # It writes lines of its own where there is no camera. OpenCV 5 is told elsewhere than 4.
    getattr(cv2.utils, "logging", cv2).setLogLevel(0)
    return cv2.VideoCapture(device)


def _write(path: Path, pixels: np.ndarray) -> None:
    from PIL import Image

    from gensc_phy.atomic import atomic_file

    try:
        with atomic_file(path) as file:
            Image.fromarray(pixels).save(file, "PNG")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
