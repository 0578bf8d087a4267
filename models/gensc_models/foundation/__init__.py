"""Models made elsewhere, by name or folder: diffusers pipelines and BLIP.

They need the extra ``foundation`` and weights that are not ours to ship. Nothing here imports the
extra's libraries before a model is made. What cannot be had is an
:class:`~gensc_models.weights.hub.UnavailableError` of one line.
"""

from gensc_models.foundation.blip import BlipCaptioner
from gensc_models.foundation.editing import DiffusersEditor
from gensc_models.foundation.extra import FoundationError, FoundationRefusedError
from gensc_models.foundation.inpainting import DiffusersInpainter
from gensc_models.foundation.latents import DiffusersLatents
from gensc_models.foundation.painting import DiffusersPainter
from gensc_models.foundation.pipelines import PipelineConfig
from gensc_models.foundation.text_to_image import DiffusersTextToImage

__all__ = [
    "BlipCaptioner",
    "DiffusersEditor",
    "DiffusersInpainter",
    "DiffusersLatents",
    "DiffusersPainter",
    "DiffusersTextToImage",
    "FoundationError",
    "FoundationRefusedError",
    "PipelineConfig",
]
