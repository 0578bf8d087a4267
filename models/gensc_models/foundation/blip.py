"""Captions by BLIP (Li et al., "BLIP: bootstrapping language-image pre-training", 2022)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from gensc_models.foundation.extra import hub_of, library
from gensc_models.weights.hub import UnavailableError

DEFAULT = "Salesforce/blip-image-captioning-base"


class BlipCaptioner:
    """Captions by a BLIP model from the Hugging Face hub, or from a folder.

    Parameters
    ----------
    name
        ``owner/model``, or a folder that ``save_pretrained`` wrote model and processor to.
    device
        A torch device.
    tokens
        Longest caption.

    Raises
    ------
    UnavailableError
        The extra is missing, or the weights cannot be had.
    """

    def __init__(self, name: str = DEFAULT, device: str = "cpu", tokens: int = 60) -> None:
        transformers = library("transformers", "BLIP")
        self.name = name
        self.tokens = tokens
        try:
            with hub_of(name):
                self._processor = transformers.BlipProcessor.from_pretrained(name)
                model = transformers.BlipForConditionalGeneration.from_pretrained(
                    name, use_safetensors=True
                )
            self._model = model.to(device).eval()
        # transformers reports what it lacks by every kind of exception, damaged files among them.
        except Exception as error:
            raise UnavailableError(f"the captioner {name} cannot be had", error) from error

    def caption(self, image: NDArray[np.uint8], path: str = "") -> str:
        """A sentence about the image, uint8 ``H x W x 3``; ``path`` is not read."""
        inputs = self._processor(images=image, return_tensors="pt").to(self._model.device)
        with torch.inference_mode():
            tokens = self._model.generate(**inputs, max_new_tokens=self.tokens, num_beams=3)
        return " ".join(self._processor.decode(tokens[0], skip_special_tokens=True).split())
