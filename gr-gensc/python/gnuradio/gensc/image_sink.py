"""Image sink block."""

from __future__ import annotations

import io
import json
import math
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gensc_phy.atomic import append, write_bytes

from .errors import GenscError
from .file_names import FileNames
from .message_ports import message_block
from .metadata import Metadata, read_image, read_pdu

INDEX = "images.jsonl"


class image_sink(message_block):
    """Writes each [image] as a PNG and each [text] as a text file, with a JSON line about it.

    Files are called `a3f2-00012.png` and `a3f2-00012.txt` after session and image_id. Where an
    earlier run has left such, all of this image begins with `a3f2-00012-2`. `images.jsonl` gets one
    line for each file: file, section, image_id, shape, session, weights, refiner, edit, rate,
    symbols, snr_db, cfo_hz, fragments, fragments_received, crc_ok (null where not known).

    Args:
        directory: made when it is not there. Empty writes nothing and keeps the last image only.

    Raises:
        GenscError: the directory cannot be made.
    """

    def __init__(self, directory: str) -> None:
        message_block.__init__(self, "image_sink")
        self.directory = Path(directory) if directory else None
        self.last_image: NDArray[np.uint8] | None = None
        self.last_text: str | None = None
        self.images = 0
        self.texts = 0
        self._arrived = threading.Condition()
        if self.directory is not None:
            self._names = FileNames(self.directory)
            try:
                self.directory.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise GenscError(f"{directory}: {error.strerror}") from error
        self.setup_ports({"image": self._image, "text": self._text})

    def wait(self, images: int, timeout_s: float) -> bool:
        """Wait until `images` images have arrived; False after `timeout_s` seconds."""
        with self._arrived:
            return self._arrived.wait_for(lambda: self.images >= images, timeout_s)

    def _image(self, pdu: Any) -> None:
        metadata, image = read_image(pdu)
        if self.directory is not None:
            path = self._names.path(metadata, ".png")
            png = io.BytesIO()
            Image.fromarray(image).save(png, "PNG")
            write_bytes(path, png.getvalue())
            self._note(path, metadata)
        with self._arrived:
            self.last_image = image
            self.images += 1
            self._arrived.notify_all()

    def _text(self, pdu: Any) -> None:
        metadata, data = read_pdu(pdu, np.uint8, require=("image_id",))
        text = data.tobytes().decode("utf-8", errors="replace")
        if self.directory is not None:
            path = self._names.path(metadata, ".txt")
            write_bytes(path, text.encode("utf-8"))
            self._note(path, metadata)
        self.last_text = text
        self.texts += 1

    def _note(self, path: Path, metadata: Metadata) -> None:
        line = {
            "file": path.name,
            "section": metadata.section,
            "image_id": metadata.image_id,
            "shape": metadata.shape,
            "session": _hex(metadata.session),
            "weights": _hex(metadata.weights),
            "refiner": metadata.refiner,
            "edit": metadata.edit,
            "rate": metadata.rate,
            "symbols": metadata.total if metadata.section == "analog" else None,
            "snr_db": _finite(metadata.snr_db),
            "cfo_hz": _finite(metadata.cfo_hz),
            "fragments": metadata.fragments,
            "fragments_received": metadata.fragments_received,
            "crc_ok": metadata.crc_ok,
        }
        assert self.directory is not None
        with open(self.directory / INDEX, "ab") as index:
            append(index.fileno(), f"{json.dumps(line, allow_nan=False)}\n".encode())


def _hex(tag: int | None) -> str | None:
    """A session or fingerprint as it is shown everywhere."""
    return None if tag is None else f"{tag:04x}"


def _finite(value: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if value is not None and math.isfinite(value) else None
