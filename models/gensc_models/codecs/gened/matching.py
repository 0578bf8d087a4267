"""The CLIP-based cross-modal context matching module, section IV-A and equations (27)-(30).

A text by class ("a photo of a dog") is refined by what CLIP sees in the image, and compared with
every place of it: the score map of the importance of each place. CLIP (any model of open_clip,
:func:`gensc_models.metrics.clip.load_clip`) is frozen; what is learned here is how to ask it. In
training only: the transmitter predicts the map from its own features.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gensc_models.metrics.clip import Clip
from gensc_models.weights.hub import UnavailableError

# As in DenseCLIP: the refined text starts as the text itself.
FUSION = 1e-4
TEMPERATURE = 0.07
HEADS = 4
PROMPT = "a photo of a {}"
UNKNOWN_CLASS = "salient object"


class Embeddings(NamedTuple):
    """What CLIP makes of images and their texts.

    ``glob`` ``B x D``, ``places`` ``B x V x h x w`` (of the last layer, V its width), ``text``
    ``B x D``.
    """

    glob: Tensor
    places: Tensor
    text: Tensor


def prompt(class_name: str) -> str:
    """The text of a class; an empty name stands for whatever is the main object."""
    return PROMPT.format(class_name.replace("_", " ") or UNKNOWN_CLASS)


class ClipEncoder:
    """A frozen CLIP that gives embeddings of places as well.

    Raises
    ------
    UnavailableError
        The model has no embeddings of places to give.
    """

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        # Any: open_clip brings no types.
        self.model: Any = clip.model.eval().requires_grad_(False)
        size = getattr(self.model.visual, "image_size", None)
        if size is None or not hasattr(self.model, "forward_intermediates"):
            raise UnavailableError(f"no patch embeddings of the CLIP model {clip.name}", "its kind")
        self.size: tuple[int, int] = (size, size) if isinstance(size, int) else tuple(size)
        with torch.no_grad():
            found = self(torch.zeros(1, 3, *self.size), [prompt("")])
        self.width, self.dimension = found.places.shape[1], found.text.shape[1]

    @torch.no_grad()
    def __call__(self, images: Tensor, texts: Sequence[str]) -> Embeddings:
        """Images ``B x 3 x H x W`` in [0, 1] and a text for each; images are resized."""
        resized = F.interpolate(
            images, size=self.size, mode="bicubic", antialias=True, align_corners=False
        ).clamp(0.0, 1.0)
        mean, deviation = (
            torch.tensor(values, device=images.device)[:, None, None]
            for values in (self.model.visual.image_mean, self.model.visual.image_std)
        )
        seen = self.model.forward_intermediates(
            image=(resized - mean) / deviation,
            text=self.clip.tokenise(list(texts)).to(images.device),
            image_indices=1,
            normalize=True,
        )
        return Embeddings(
            seen["image_features"].float(),
            seen["image_intermediates"][-1].float(),
            seen["text_features"].float(),
        )


class ContextMatching(nn.Module):
    """Refines the text by the visual context and compares it with every place.

    Parameters
    ----------
    width : of CLIP's places.
    dimension : of CLIP's common space.
    """

    def __init__(self, width: int, dimension: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, dimension)
        self.decoder = nn.TransformerDecoderLayer(
            dimension, HEADS, 2 * dimension, dropout=0.0, batch_first=True, norm_first=True
        )
        self.fusion = nn.Parameter(torch.tensor(FUSION))
        self.log_temperature = nn.Parameter(torch.tensor(math.log(TEMPERATURE)))
        self.bias = nn.Parameter(torch.zeros(()))

    @property
    def temperature(self) -> Tensor:
        """The learnable temperature of Eq. (30)."""
        return self.log_temperature.exp()

    def refined(self, seen: Embeddings) -> tuple[Tensor, Tensor]:
        """The text in the light of the image, ``B x D`` (Eq. 29); the places, ``B x D x h x w``."""
        places = self.project(seen.places.permute(0, 2, 3, 1))
        context = torch.cat([seen.glob[:, None], places.flatten(1, 2)], dim=1)  # Eq. (27)
        attended = self.decoder(seen.text[:, None], context)[:, 0]  # Eq. (28)
        return seen.text + self.fusion * attended, places.permute(0, 3, 1, 2)

    def forward(self, seen: Embeddings) -> Tensor:
        """The score map as logits, ``B x h x w`` (Eq. 30)."""
        text, places = self.refined(seen)
        similarity = torch.einsum(
            "bd,bdhw->bhw", F.normalize(text, dim=1), F.normalize(places, dim=1)
        )
        return similarity / self.temperature + self.bias


def matching_for(encoder: ClipEncoder) -> ContextMatching:
    """A module for a CLIP; its places start where CLIP itself would project them."""
    matching = ContextMatching(encoder.width, encoder.dimension)
    known = getattr(encoder.model.visual, "proj", None)
    if isinstance(known, Tensor) and known.shape == (encoder.width, encoder.dimension):
        with torch.no_grad():
            matching.project.weight.copy_(known.T)
            matching.project.bias.zero_()
    return matching
