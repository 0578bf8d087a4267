"""The generative schemes that GenED-SC is compared with, behind one interface.

* :class:`CaptionOnly` (Nam24): a caption is sent, the receiver draws what it says.
* :class:`CaptionMask` (Hosonuma25): a caption, a coarse mask and two colours are sent.
* :class:`GuidedLatent` (after SGD-JSCC): a latent image is sent as analog symbols and denoised
  under the guidance of a caption and, where the pipeline takes one, an edge map.

What goes over the channel, and as what, is a :class:`Transmission`; what it costs is a
:class:`Budget`'s to say. :func:`load_baselines` makes all that a diffusers pipeline allows.
"""

from gensc_models.baselines.caption_mask import CaptionMask
from gensc_models.baselines.caption_only import CaptionOnly
from gensc_models.baselines.guided_latent import GuidedLatent
from gensc_models.baselines.load import Baselines, load_baselines
from gensc_models.baselines.transmission import Baseline, Budget, Reception, Transmission

__all__ = [
    "Baseline",
    "Baselines",
    "Budget",
    "CaptionMask",
    "CaptionOnly",
    "GuidedLatent",
    "Reception",
    "Transmission",
    "load_baselines",
]
