"""Captions that somebody has written: on the command line, or in a file beside the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gensc.data import samples
from gensc.system.errors import UserError
from gnuradio.gensc.image_files import SKIMAGE_PREFIX

#: A longer file is no caption; its bytes all go on the air.
LONGEST = 4096


class GivenCaptioner:
    """The same text for every image."""

    name = "given"

    def __init__(self, text: str) -> None:
        self.text = text

    def caption(self, image: NDArray[np.uint8], path: str = "") -> str:
        """The text."""
        return self.text


class FileCaptioner:
    """What stands in a side-car file: ``photo.txt`` beside ``photo.jpg``.

    The photos of scikit-image have their captions here.
    """

    name = "file"

    def caption(self, image: NDArray[np.uint8], path: str = "") -> str:
        """The file's text on one line.

        Raises:
            UserError: no such file, or no text in it.
        """
        text = side_car(path)
        if text is None:
            raise UserError(f"{path or 'image'}: no caption beside it ({Path(path).stem}.txt)")
        return text


def side_car(path: str) -> str | None:
    """The caption beside a picture, on one line; None where there is no such file.

    Raises:
        UserError: a file that is no UTF-8, empty, too long or not to be read.
    """
    if path.startswith(SKIMAGE_PREFIX):
        return samples.caption_of(path)
    file = Path(path).with_suffix(".txt") if path else None
    if file is None or not file.is_file():
        return None
    try:
        with file.open("rb") as stream:
            data = stream.read(LONGEST + 1)
        text = " ".join(data.decode("utf-8-sig").split())
    except OSError as error:
        raise UserError(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{file}: not UTF-8") from error
    if not text or len(data) > LONGEST:
        raise UserError(f"{file}: {'empty' if not text else f'longer than {LONGEST} bytes'}")
    return text
