"""Which images a path names, and opening pictures of every kind as uint8 RGB."""

from __future__ import annotations

import glob
import io
import struct
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from .errors import GenscError

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".jp2"}
)
MAX_SIDE = (1 << 14) - 1
"""Largest height and width a burst header can name."""
MAX_PIXELS = 25_000_000
"""Largest picture that is sent as it is; a bigger one must be scaled down."""

SKIMAGE_PREFIX = "skimage:"
SKIMAGE_PHOTOS = ("astronaut", "chelsea", "coffee", "rocket")

# What Pillow's decoders raise on damaged files, besides OSError.
_DECODE_ERRORS = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, MemoryError,
)  # fmt: skip


def image_paths(path: str) -> list[str]:
    """Expand a file, a folder, a glob pattern or "skimage:NAME" into image names, sorted.

    Folders are searched with the folders below them; hidden files (macOS leaves a "._photo.jpg"
    beside every photo on foreign disks) are no pictures unless named outright.

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
    if not path:
        raise GenscError("(empty path): no image there")
    # A file whose name holds [ or * is that file, not a pattern.
    if Path(path).is_file():
        return [path]
    if Path(path).is_dir():
        found = [str(p) for p in Path(path).rglob("*") if is_picture(p)]
        if not found:
            raise GenscError(f"{path}: no images in this folder")
    else:
        found = [p for p in glob.glob(path, recursive=True) if Path(p).is_file()]
    if not found:
        raise GenscError(f"{path}: no image there")
    return sorted(found)


def is_picture(file: Path) -> bool:
    """Whether a file is there, is called as pictures are, and is not hidden."""
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()


def read_image(path: str, max_side: int = 0, min_side: int = 1) -> NDArray[np.uint8]:
    """Open a picture as uint8 [height, width, 3].

    Orientation (EXIF) is applied, colours of an embedded ICC profile become sRGB, transparency is
    composited over white, 16-bit samples are scaled to 8 bits, grayscale, palette and CMYK pictures
    become RGB; of an animation the first frame is taken.

    Args:
        path: a file, or "skimage:NAME" for a photo of scikit-image's wheel.
        max_side: scale down so that neither side is longer than this; 0 leaves it.
        min_side: smallest side accepted.

    Raises:
        GenscError: no such file, not a picture, damaged, too small or too large.
    """
    file = image_file(path)
    if max_side and max_side < min_side:
        raise GenscError(f"--max-side {max_side}: must be at least {min_side}")
    if file.is_dir():
        raise GenscError(f"{path}: is a folder, not an image")
    if not file.exists():
        raise GenscError(f"{path}: no such file")
    try:
        with warnings.catch_warnings():
            # The limits below are stricter than the one Pillow warns about.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(file) as opened:
                _check_size(path, opened.size, max_side, min_side)
                if max_side and opened.format == "JPEG":
                    # Lets the JPEG decoder skip what would be scaled away: 8x less memory.
                    opened.draft("RGB", (max_side, max_side))
                profile = opened.info.get("icc_profile")
                rgb = _to_rgb(path, _to_srgb(ImageOps.exif_transpose(opened), profile))
    except GenscError:
        raise
    except UnidentifiedImageError:
        raise GenscError(f"{path}: not an image (or of a kind Pillow cannot read)") from None
    except Image.DecompressionBombError:
        raise GenscError(
            f"{path}: far too large to be opened safely; scale it down first"
        ) from None
    except PermissionError:
        raise GenscError(f"{path}: not allowed to read it") from None
    except _DECODE_ERRORS as error:
        raise GenscError(f"{path}: damaged or cut short ({error})") from None
    if max_side and max(rgb.size) > max_side:
        rgb.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
        if min(rgb.size) < min_side:
            raise GenscError(
                f"{path}: --max-side {max_side} would leave {_size(rgb.size)}, "
                f"less than {min_side} pixels on a side"
            )
    _check_size(path, rgb.size, 0, min_side)
    return np.asarray(rgb, dtype=np.uint8)


def image_size(path: str) -> tuple[int, int]:
    """Width and height of a picture that :func:`read_image` opens, before any scaling."""
    with Image.open(image_file(path)) as opened:
        width, height = opened.size
        turned = opened.getexif().get(ExifTags.Base.Orientation, 1) >= 5
    return (height, width) if turned else (width, height)


def image_file(path: str) -> Path:
    """The file that a path or "skimage:NAME" names; it need not be there.

    Raises:
        GenscError: no such sample photo.
    """
    return _skimage_file(path) if path.startswith(SKIMAGE_PREFIX) else Path(path)


def _skimage_file(path: str) -> Path:
    """File of a sample photo; found without importing scikit-image, which takes a second."""
    name = path.removeprefix(SKIMAGE_PREFIX)
    spec = find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise GenscError("the sample photos need scikit-image: pip install scikit-image")
    folder = Path(next(iter(spec.submodule_search_locations))) / "data"
    found = sorted(p for p in folder.glob(f"{name}.*") if p.suffix in (".png", ".jpg"))
    if not name or not found:
        raise GenscError(f"no sample photo {name!r}: scikit-image has {', '.join(SKIMAGE_PHOTOS)}")
    return found[0]


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _check_size(path: str, size: tuple[int, int], max_side: int, min_side: int) -> None:
    """Refuse what is too small for a block or too large to be sent as it is."""
    width, height = size
    if min(size) < min_side:
        raise GenscError(
            f"{path}: {_size(size)} is too small, both sides need at least {min_side} pixels"
        )
    if not max_side and (width * height > MAX_PIXELS or max(size) > MAX_SIDE):
        raise GenscError(
            f"{path}: {_size(size)} is larger than the limit of {MAX_PIXELS // 10**6} megapixels "
            f"and {MAX_SIDE} pixels a side; scale it down with --max-side 2048"
        )


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours of an ICC profile as those of sRGB, which everything behind takes them for.

    A profile that cannot be read, or is of another kind of image, is passed over, as viewers do.
    """
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return image
    mode = image.mode if image.mode in ("RGB", "RGBA") else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in (ImageCms.getProfileDescription(source) or ""):
            return image
        converted = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode=mode
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return converted if converted is not None else image


def _to_rgb(path: str, image: Image.Image) -> Image.Image:
    """Any Pillow mode to RGB."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return Image.fromarray(_deep_to_uint8(path, np.asarray(image))).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def _deep_to_uint8(path: str, grey: NDArray) -> NDArray[np.uint8]:
    """Gray samples of 16 bits, 32 bits or float to 8 bits; Pillow's own convert() clips them."""
    values = grey.astype(np.float64)
    top = float(values.max(initial=0.0))
    if not np.isfinite(values).all() or values.min(initial=0.0) < 0 or top > 65535:
        raise GenscError(f"{path}: sample values outside 0…65535 have no known meaning as an image")
    if grey.dtype.kind == "f":
        full_scale = 1.0 if top <= 1.0 else 255.0 if top <= 255.0 else 65535.0
    else:
        full_scale = 65535.0
    return np.round(values * (255.0 / full_scale)).astype(np.uint8)
