"""Opening pictures of every kind as uint8 RGB, and saying plainly why one cannot be opened."""

from __future__ import annotations

import glob
import struct
import warnings
from pathlib import Path

import numpy as np
from gensc_host import samples
from gensc_host.errors import UserError
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

#: Smallest side a picture may have: one block of the codecs.
MIN_SIDE = 16
#: Largest picture that is sent as it is; a bigger one must be scaled down with --max-side.
MAX_PIXELS = 25_000_000
#: Largest side the burst header can say (14 bits).
MAX_SIDE = 2**14 - 1
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")

# What Pillow's decoders raise on damaged files, besides OSError.
_DECODE_ERRORS = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error)


def load_image(path: str | Path, max_side: int | None = None) -> NDArray[np.uint8]:
    """Open a picture as uint8 H×W×3.

    Orientation (EXIF) is applied, transparency is composited over white, 16-bit samples are
    scaled to 8 bits, grayscale, palette and CMYK pictures become RGB; of an animation the first
    frame is taken.

    Args:
        path: a file, or ``skimage:NAME`` for a photo of scikit-image's wheel.
        max_side: scale down so that neither side is longer than this; 0 or None leaves it.

    Raises:
        UserError: no such file, not a picture, damaged, too small or too large.
    """
    name = str(path)
    file = samples.sample_path(name[len(samples.PREFIX) :]) if _is_sample(name) else Path(path)
    if max_side and max_side < MIN_SIDE:
        raise UserError(f"--max-side {max_side}: must be at least {MIN_SIDE}")
    if file.is_dir():
        raise UserError(f"{name}: is a folder, not an image")
    if not file.exists():
        raise UserError(f"{name}: no such file")
    try:
        with warnings.catch_warnings():
            # The limits below are stricter than the one Pillow warns about.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(file) as opened:
                _check_size(name, opened.size, max_side)
                if max_side and opened.format == "JPEG":
                    # Lets the JPEG decoder skip what would be scaled away: 8× less memory.
                    opened.draft("RGB", (max_side, max_side))
                rgb = _to_rgb(name, ImageOps.exif_transpose(opened))
    except UnidentifiedImageError:
        raise UserError(f"{name}: not an image (or of a kind Pillow cannot read)") from None
    except Image.DecompressionBombError:
        raise UserError(f"{name}: far too large to be opened safely; scale it down first") from None
    except PermissionError:
        raise UserError(f"{name}: not allowed to read it") from None
    except _DECODE_ERRORS as error:
        raise UserError(f"{name}: damaged or cut short ({error})") from None
    if max_side and max(rgb.size) > max_side:
        rgb.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
        if min(rgb.size) < MIN_SIDE:
            raise UserError(
                f"{name}: --max-side {max_side} would leave {_size(rgb.size)}, "
                f"less than {MIN_SIDE} pixels on a side"
            )
    _check_size(name, rgb.size, None)
    return np.asarray(rgb, dtype=np.uint8)


def fit(
    image: NDArray[np.uint8], height: int, width: int, vertical: float = 0.5
) -> NDArray[np.uint8]:
    """Crop `image` to the shape asked for and scale it to height×width.

    `vertical` says what is kept where rows are cropped: 0 the top, 0.5 the middle, 1 the bottom.
    """
    fitted = ImageOps.fit(
        Image.fromarray(image),
        (width, height),
        Image.Resampling.LANCZOS,
        centering=(0.5, vertical),
    )
    return np.asarray(fitted, dtype=np.uint8)


def expand(arguments: list[str]) -> list[str]:
    """Files, folders (their pictures, sorted), globs and ``skimage:NAME`` to single pictures.

    ``skimage:`` alone stands for all sample photos. The order given is kept.

    Raises:
        UserError: an argument that matches nothing, or an empty list.
    """
    found: list[str] = []
    for argument in arguments:
        if argument == samples.PREFIX:
            found += [samples.PREFIX + name for name in samples.PHOTOS]
        elif _is_sample(argument):
            found.append(argument)
        elif Path(argument).is_dir():
            inside = sorted(p for p in Path(argument).iterdir() if p.suffix.lower() in SUFFIXES)
            if not inside:
                raise UserError(f"{argument}: no images in this folder")
            found += map(str, inside)
        elif Path(argument).exists() or not glob.has_magic(argument):
            found.append(argument)
        else:
            matches = sorted(glob.glob(argument, recursive=True))
            if not matches:
                raise UserError(f"{argument}: matches no file")
            found += matches
    if not found:
        raise UserError("no image given")
    return found


def display_name(path: str | Path) -> str:
    """Short name of a picture for captions and results: no folders, no suffix."""
    text = str(path)
    return text[len(samples.PREFIX) :] if _is_sample(text) else Path(text).stem


def _is_sample(name: str) -> bool:
    return name.startswith(samples.PREFIX)


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _check_size(name: str, size: tuple[int, int], max_side: int | None) -> None:
    """Refuse what is too small for a block or too large to be sent as it is."""
    width, height = size
    if min(size) < MIN_SIDE:
        raise UserError(
            f"{name}: {_size(size)} is too small, both sides need at least {MIN_SIDE} pixels"
        )
    if not max_side and (width * height > MAX_PIXELS or max(size) > MAX_SIDE):
        raise UserError(
            f"{name}: {_size(size)} is larger than the limit of {MAX_PIXELS // 10**6} megapixels "
            f"and {MAX_SIDE} pixels a side; scale it down with --max-side 2048"
        )


def _to_rgb(name: str, image: Image.Image) -> Image.Image:
    """Any Pillow mode to RGB."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return Image.fromarray(_deep_to_uint8(name, np.asarray(image))).convert("RGB")
    if "A" in image.getbands() or "a" in image.getbands() or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _deep_to_uint8(name: str, grey: NDArray) -> NDArray[np.uint8]:
    """Gray samples of 16 bits, 32 bits or float to 8 bits; Pillow's own convert() clips them."""
    values = grey.astype(np.float64)
    top = float(values.max(initial=0.0))
    if not np.isfinite(values).all() or values.min(initial=0.0) < 0 or top > 65535:
        raise UserError(f"{name}: sample values outside 0…65535 have no known meaning as an image")
    if grey.dtype.kind == "f":
        full_scale = 1.0 if top <= 1.0 else 255.0 if top <= 255.0 else 65535.0
    else:
        full_scale = 65535.0
    return np.round(values * (255.0 / full_scale)).astype(np.uint8)
