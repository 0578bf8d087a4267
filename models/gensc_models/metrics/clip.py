"""CLIP: what an image shows and what a text says, as vectors that can be compared.

Radford et al., "Learning transferable visual models from natural language supervision" (ICML
2021), by open_clip. The CLIP-Score (Hessel et al., EMNLP 2021) here is 100 times the cosine, not
below 0, as GenED-SC reports it: of an image and its caption about 20 to 35.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from gensc_models.weights.hub import UnavailableError, impatient_hub

Photo = NDArray[np.uint8]

ENVIRONMENT = "GENSC_CLIP"
"""Environment variable that names the model in place of :data:`DEFAULT`."""
DEFAULT = "ViT-B-32-quickgelu/openai"
HUB_PREFIX = "hf-hub:"


@dataclass(frozen=True)
class Clip:
    """A CLIP model with its preprocessing.

    ``prepare`` makes an image ``3 x h x w`` of the model's size, ``tokenise`` makes texts tokens.
    """

    name: str
    model: Any
    prepare: Callable[[Image.Image], Tensor]
    tokenise: Callable[[list[str]], Tensor]

    @torch.inference_mode()
    def images(self, images: Sequence[Photo]) -> Tensor:
        """Unit vectors ``N x D`` of images, each uint8 ``H x W x 3`` of any size."""
        for image in images:
            if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
                raise ValueError(f"CLIP needs uint8 HxWx3, not {image.dtype} {image.shape}")
        batch = torch.stack([self.prepare(Image.fromarray(image)) for image in images])
        return F.normalize(self.model.encode_image(batch).float(), dim=-1)

    @torch.inference_mode()
    def texts(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors ``N x D`` of texts; what is beyond the context length is cut off."""
        return F.normalize(self.model.encode_text(self.tokenise(list(texts))).float(), dim=-1)


def clip_score(clip: Clip, images: Sequence[Photo], texts: Sequence[str]) -> NDArray[np.float64]:
    """CLIP-Score of every image and its text, ``N``, 0 to 100.

    Raises
    ------
    ValueError
        Not as many texts as images, or none, or an image that is not uint8 ``H x W x 3``.
    """
    _check(len(images), len(texts))
    return _score(clip.images(images), clip.texts(texts))


def clip_image_score(
    clip: Clip, originals: Sequence[Photo], shown: Sequence[Photo]
) -> NDArray[np.float64]:
    """CLIP-Score of every image and its original, ``N``, 0 to 100: needs no text.

    Raises
    ------
    ValueError
        Not as many originals as images, or none, or an image that is not uint8 ``H x W x 3``.
    """
    _check(len(shown), len(originals))
    return _score(clip.images(shown), clip.images(originals))


def load_clip(name: str | Path | None = None) -> Clip:
    """A CLIP model of open_clip on the CPU.

    Parameters
    ----------
    name : ``ARCHITECTURE/TAG`` of open_clip's pretrained models, ``hf-hub:OWNER/MODEL``, or a
        folder that holds ``open_clip_config.json`` and the weights. None: what ``GENSC_CLIP``
        names, else OpenAI's ViT-B/32.

    Raises
    ------
    UnavailableError
        open_clip is missing, there is no such model, or its weights are neither here nor to be
        fetched.
    """
    name = str(name or os.environ.get(ENVIRONMENT) or DEFAULT)
    try:
        import open_clip
    except (ImportError, RuntimeError) as error:
        raise UnavailableError("CLIP needs open_clip_torch", error) from error
    architecture, tag = _source(name)
    try:
        with impatient_hub():
            model, prepare = open_clip.create_model_from_pretrained(architecture, tag)
            tokenise = open_clip.get_tokenizer(architecture)
    # open_clip reports what it lacks by every kind of exception, damaged files among them.
    except Exception as error:
        what = f"the CLIP model {name} cannot be had; {ENVIRONMENT} may name a folder with one"
        raise UnavailableError(what, error) from error
    return Clip(name, model.eval(), prepare, tokenise)


def _source(name: str) -> tuple[str, str | None]:
    """What open_clip calls the model, and the tag of its weights where the name has one."""
    if name.startswith(HUB_PREFIX):
        return name, None
    if Path(name).is_dir():
        return f"local-dir:{name}", None
    architecture, _, tag = name.partition("/")
    return architecture, tag or None


def _check(images: int, others: int) -> None:
    if images != others or not images:
        raise ValueError(f"CLIP-Score needs pairs: {images} images for {others}")


def _score(a: Tensor, b: Tensor) -> NDArray[np.float64]:
    return (100.0 * (a * b).sum(dim=-1)).clamp(0.0, 100.0).double().numpy()
