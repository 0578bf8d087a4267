"""LPIPS: how far apart two images look, by features of an ImageNet classifier.

Zhang, Isola, Efros, Shechtman and Wang, "The unreasonable effectiveness of deep features as a
perceptual metric" (CVPR 2018). Network and linear heads are torchmetrics'; the classifier's
weights are torchvision's, which looks for them in ``$TORCH_HOME/hub/checkpoints`` (by default
below ``~/.cache/torch``) before it fetches them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gensc_models.weights.hub import UnavailableError

Distance = Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.float64]]
"""Distances ``N`` of two stacks of images, uint8 ``N x H x W x 3``; lower is better."""

Backbone = Literal["alex", "vgg", "squeeze"]
_TORCHVISION: dict[Backbone, str] = {
    "alex": "alexnet",
    "vgg": "vgg16",
    "squeeze": "squeezenet1_1",
}
BATCH = 64


@dataclass(frozen=True)
class Lpips:
    """LPIPS with its weights; called as a :data:`Distance`."""

    network: nn.Module
    backbone: Backbone

    @property
    def name(self) -> str:
        """For settings and titles."""
        return f"LPIPS ({self.backbone}, torchmetrics)"

    @torch.inference_mode()
    def __call__(
        self, originals: NDArray[np.uint8], shown: NDArray[np.uint8]
    ) -> NDArray[np.float64]:
        """Distance of every pair, float64 ``N``.

        Raises
        ------
        ValueError
            Not two uint8 stacks of one shape.
        """
        if originals.shape != shown.shape or originals.ndim != 4 or originals.shape[3] != 3:
            raise ValueError(f"LPIPS needs two stacks NxHxWx3: {originals.shape}, {shown.shape}")
        found = [
            self.network(_tensor(originals[i : i + BATCH]), _tensor(shown[i : i + BATCH]))
            for i in range(0, len(originals), BATCH)
        ]
        return torch.cat([f.reshape(-1) for f in found]).double().numpy()


def load_lpips(backbone: Backbone = "alex") -> Lpips:
    """LPIPS; the authors recommend AlexNet ("alex") for figures that are reported.

    Raises
    ------
    UnavailableError
        torchmetrics or torchvision is missing, or the weights are neither here nor to be fetched.
    """
    try:
        from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity
    except (ImportError, RuntimeError) as error:
        raise UnavailableError("LPIPS needs torchmetrics and torchvision", error) from error
    try:
        network = LearnedPerceptualImagePatchSimilarity(net_type=backbone).net
    except (ImportError, OSError, RuntimeError) as error:
        what = f"the weights of LPIPS ({backbone}) cannot be had"
        remedy = f"put torchvision's of {_TORCHVISION[backbone]} into $TORCH_HOME/hub/checkpoints"
        raise UnavailableError(f"{what}; {remedy}", error) from error
    return Lpips(network.eval(), backbone)


def _tensor(images: NDArray[np.uint8]) -> torch.Tensor:
    """uint8 ``N x H x W x 3`` to float32 ``N x 3 x H x W`` in [-1, 1]."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float() / 127.5 - 1.0
