"""Which images a path names, and reading them."""

from __future__ import annotations

import glob
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from .errors import GenscError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".jp2"})
MAX_SIDE = (1 << 14) - 1
"""Largest height and width a burst header can name."""
MAX_PIXELS = 40_000_000

SKIMAGE_PREFIX = "skimage:"
SKIMAGE_PHOTOS = ("astronaut", "chelsea", "coffee", "rocket")


def image_paths(path: str) -> list[str]:
    """Expand a file, a folder, a glob pattern or "skimage:NAME" into image names, sorted.

    "skimage:" alone stands for all photos inside scikit-image's wheel that need no download.

    Raises:
        GenscError: nothing there.
    """
    if path.startswith(SKIMAGE_PREFIX):
        name = path.removeprefix(SKIMAGE_PREFIX)
        if name and name not in SKIMAGE_PHOTOS:
            known = ", ".join(SKIMAGE_PHOTOS)
            raise GenscError(f"no photo {name!r} in scikit-image; there are {known}")
        return [SKIMAGE_PREFIX + n for n in ((name,) if name else SKIMAGE_PHOTOS)]
    # A file whose name holds [ or * is that file, not a pattern.
    if Path(path).is_file():
        return [path]
    if Path(path).is_dir():
        found = [str(p) for p in Path(path).iterdir() if p.suffix.lower() in SUFFIXES]
    else:
        found = [p for p in glob.glob(path, recursive=True) if Path(p).is_file()]
    if not found:
        raise GenscError(f"{path or '(empty path)'}: no image there")
    return sorted(found)


def read_image(path: str, max_side: int = 0) -> NDArray[np.uint8]:
    """Read an image as RGB [height, width, 3], its EXIF orientation applied.

    Transparent pixels lie on white, 16-bit images are scaled to 8 bits.

    Args:
        path: a file, or "skimage:NAME".
        max_side: shrink the image so that its longer side has at most this many pixels; 0 keeps it.

    Raises:
        GenscError: not readable, not an image, or too large for the waveform.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of decompression bombs; the size is checked here.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with _open(path) as image:
                width, height = image.size
                if width * height > MAX_PIXELS and not max_side:
                    raise GenscError(f"{path}: {width}x{height} pixels is more than {MAX_PIXELS}")
                if max_side:
                    image.draft("RGB", (max_side, max_side))
                rgb = _to_rgb(ImageOps.exif_transpose(image))
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else "not a readable image"
        raise GenscError(f"{path}: {reason}") from error
    if max_side and max(rgb.size) > max_side:
        rgb.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
    if max(rgb.size) > MAX_SIDE:
        raise GenscError(f"{path}: {rgb.width}x{rgb.height}, a side may have {MAX_SIDE} pixels")
    return np.asarray(rgb)


def _open(path: str) -> Image.Image:
    if not path.startswith(SKIMAGE_PREFIX):
        return Image.open(path)
    from skimage import data

    return Image.fromarray(getattr(data, path.removeprefix(SKIMAGE_PREFIX))())


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        scale = 255 / 65535 if values.max(initial=0) > 255 else 1.0
        image = Image.fromarray(np.clip(values * scale + 0.5, 0, 255).astype(np.uint8))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    return image.convert("RGB")
