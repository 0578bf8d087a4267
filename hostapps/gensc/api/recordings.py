"""Images in recordings: SigMF files as radios write and read them, through GNU Radio flowgraphs."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from gensc.api.images import Image, Reception
from gensc.data.images import load_image
from gensc.link.radio import RadioSettings, parse_place
from gensc.receiver.run import ReceiveSettings, receive_images
from gensc.system.codecs import DEFAULT_RATE
from gensc.system.errors import UserError
from gensc.transmitter.run import SendReport, SendSettings, send_images


def record(
    images: Image | Sequence[Image],
    path: str | Path,
    model: str = "deepjscc-photo",
    *,
    rate: int = DEFAULT_RATE,
    snr_db: float = 10.0,
    sample_rate: float = 1e6,
) -> SendReport:
    """Write the bursts of images to a recording.

    Args:
        images: one or several: uint8 H×W×3, files, or `skimage:NAME`.
        path: of the recording, `NAME.sigmf-meta`; the samples lie beside it.
        model: codec by name, folder, or `file.py:CLASS`.
        rate: complex symbols per 16×16 block.
        snr_db: Es/N0 to encode for.
        sample_rate: samples per second.

    Raises:
        ValueError: an image or a codec that cannot be had, or a path that cannot be written.
    """
    single = isinstance(images, str | Path | np.ndarray)
    several: Sequence[Image] = [images] if single else images  # type: ignore[list-item, assignment]
    with tempfile.TemporaryDirectory() as folder:
        names = [_file(image, Path(folder), n) for n, image in enumerate(several)]
        return send_images(
            SendSettings(names, model=model, rate=rate, snr_db=snr_db),
            parse_place(str(path), "", "path"),
            RadioSettings(sample_rate=sample_rate),
            say=_refuse,
        )


def _refuse(line: str) -> None:
    """A command goes on without a picture that cannot be opened; a program wants to know."""
    raise UserError(line.removeprefix("skipped "))


def receive(path: str | Path, model: str = "") -> list[Reception]:
    """The images of a recording, in the order in which they came out.

    Args:
        path: of the recording, `NAME.sigmf-meta`.
        model: only this codec; "" takes the installed one that each burst names.

    Raises:
        ValueError: no such recording or codec.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        settings = ReceiveSettings(out, models=(model,) if model else ())
        report = receive_images(settings, parse_place(str(path), "", "path"), RadioSettings())
        lines = (out / "results.jsonl").read_text(encoding="utf-8").splitlines()
        return [_reception(json.loads(line), out, report.counters) for line in lines]


def _file(image: Image, folder: Path, number: int) -> str:
    if isinstance(image, str | Path):
        return str(image)
    path = folder / f"{number:05d}.png"
    Picture.fromarray(np.asarray(image)).save(path)
    return str(path)


def _reception(line: dict, folder: Path, counters: dict[str, int]) -> Reception:
    shown = load_image(folder / line["image"])
    events = {"fragments_lost": line["fragments_lost"], **counters}
    return Reception(shown, events, line, line["text"] or "")
