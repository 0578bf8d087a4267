"""LPIPS, where its library and its network's weights can be had, and the reason where not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

#: Distances, float64 [N], of two stacks of images, uint8 [N, H, W, 3]; lower is better.
Perceptual = Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.float64]]

#: The network whose features are compared, as Zhang et al. ("The unreasonable effectiveness of
#: deep features as a perceptual metric", CVPR 2018) recommend for reported figures.
NETWORK = "alex"


def load_lpips() -> tuple[Perceptual | None, str]:
    """LPIPS and what it is; or None and why it cannot be computed here."""
    try:
        import torch
        from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity
    except (ImportError, RuntimeError) as error:
        return None, f"LPIPS needs torchmetrics and torchvision ({_line(error)})"
    try:
        network = LearnedPerceptualImagePatchSimilarity(net_type=NETWORK).net
    except (ImportError, OSError, RuntimeError) as error:
        return None, f"the weights of LPIPS ({NETWORK}) cannot be had ({_line(error)})"

    def distance(originals: NDArray[np.uint8], shown: NDArray[np.uint8]) -> NDArray[np.float64]:
        a, b = (
            torch.from_numpy(np.ascontiguousarray(x)).permute(0, 3, 1, 2).float() / 127.5 - 1.0
            for x in (originals, shown)
        )
        with torch.inference_mode():
            return network(a, b).reshape(-1).double().numpy()

    return distance, f"LPIPS ({NETWORK}, torchmetrics)"


def _line(error: Exception) -> str:
    """The message of an error as one line."""
    return " ".join(str(error).split())
