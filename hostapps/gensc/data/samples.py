"""Captions of the photos inside scikit-image's wheel, which every installation has."""

from __future__ import annotations

from gnuradio.gensc.image_files import SKIMAGE_PREFIX

#: Sent as the text section with the photo of that name.
PHOTOS: dict[str, str] = {
    "astronaut": "An astronaut in an orange flight suit smiles before the US flag.",
    "chelsea": "A tabby cat named Chelsea looks straight into the camera.",
    "coffee": "A cup of espresso on a saucer with a spoon, on a wooden table.",
    "rocket": "A rocket stands lit by floodlights on its launch pad at night.",
}


def caption_of(path: str) -> str | None:
    """Caption of ``skimage:NAME``; None of any other picture."""
    if not path.startswith(SKIMAGE_PREFIX):
        return None
    return PHOTOS.get(path.removeprefix(SKIMAGE_PREFIX))
