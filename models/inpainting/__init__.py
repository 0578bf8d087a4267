"""Recovery of what was not transmitted: mask-conditioned inpainting (GVIF-CIE, eq. 10 and 11).

:class:`Inpainter` is what all back ends offer. Kept pixels stay kept, to the last bit.
"""

from gensc_models.inpainting.classical import Biharmonic, MeanFill, SmoothFill
from gensc_models.inpainting.inpainter import (
    Image,
    Inpainter,
    Keep,
    check_request,
    combine,
    keep_of_blocks,
)

__all__ = [
    "Biharmonic",
    "Image",
    "Inpainter",
    "Keep",
    "MeanFill",
    "SmoothFill",
    "check_request",
    "combine",
    "keep_of_blocks",
]
