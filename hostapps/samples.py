"""The photos inside scikit-image's wheel: pictures that every installation has."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from gensc_host.errors import UserError

PREFIX = "skimage:"

#: Photos among scikit-image's samples, with a caption that is sent as the text section.
PHOTOS: dict[str, str] = {
    "astronaut": "An astronaut in an orange flight suit smiles before the US flag.",
    "chelsea": "A tabby cat named Chelsea looks straight into the camera.",
    "coffee": "A cup of espresso on a saucer with a spoon, on a wooden table.",
    "rocket": "A rocket stands lit by floodlights on its launch pad at night.",
}


def folder() -> Path:
    """Where scikit-image keeps its sample files; found without importing the package."""
    spec = find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise UserError("the sample photos need scikit-image: pip install scikit-image")
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def sample_path(name: str) -> Path:
    """File of the sample called `name` (without suffix), e.g. "astronaut"."""
    found = sorted(p for p in folder().glob(f"{name}.*") if p.suffix in (".png", ".jpg"))
    if not name or not found:
        raise UserError(f"no sample photo {name!r}: scikit-image has {', '.join(PHOTOS)}")
    return found[0]
