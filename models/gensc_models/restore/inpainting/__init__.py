"""Recovery of what was not transmitted: mask-conditioned inpainting (GVIF-CIE, eq. 10 and 11).

:class:`Inpainter` is what all back ends offer, and :mod:`gensc_models.catalogue.inpainters` finds
them by name. Kept pixels stay kept, to the last bit.

>>> inpainter = DiffusionInpainter.from_pretrained("inpainter-photo")
>>> whole = inpainter.inpaint(image, keep)

:mod:`classical` has the plain ones. Of the diffusion model :mod:`pyramid` and :mod:`fill` are where
it starts from, :mod:`network` is the U-Net, :mod:`schedule` RePaint's order of steps, and
:mod:`diffusion` puts them together.
"""

from gensc_models.restore.inpainting.classical import Biharmonic, MeanFill, SmoothFill
from gensc_models.restore.inpainting.config import NetworkConfig, SamplingConfig
from gensc_models.restore.inpainting.diffusion import DiffusionInpainter
from gensc_models.restore.inpainting.inpainter import (
    Image,
    Inpainter,
    Keep,
    check_request,
    combine,
    keep_of_blocks,
)

__all__ = [
    "Biharmonic",
    "DiffusionInpainter",
    "Image",
    "Inpainter",
    "Keep",
    "MeanFill",
    "NetworkConfig",
    "SamplingConfig",
    "SmoothFill",
    "check_request",
    "combine",
    "keep_of_blocks",
]
