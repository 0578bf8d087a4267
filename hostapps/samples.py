"""Captions of the photos inside scikit-image's wheel, which every installation has."""

from __future__ import annotations

#: Sent as the text section with the photo of that name.
PHOTOS: dict[str, str] = {
    "astronaut": "An astronaut in an orange flight suit smiles before the US flag.",
    "chelsea": "A tabby cat named Chelsea looks straight into the camera.",
    "coffee": "A cup of espresso on a saucer with a spoon, on a wooden table.",
    "rocket": "A rocket stands lit by floodlights on its launch pad at night.",
}
