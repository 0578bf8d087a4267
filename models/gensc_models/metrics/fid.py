"""FID: the Frechet distance of Inception features (Heusel et al., NeurIPS 2017), by torchmetrics.

The Inception network is torch-fidelity's, whose weights it fetches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gensc_models.weights.hub import UnavailableError

FEATURES = 2048


@dataclass(frozen=True)
class Fid:
    """FID with its network."""

    metric: Any
    name: str = "FID (Inception, torchmetrics)"

    @torch.inference_mode()
    def __call__(
        self, originals: Sequence[NDArray[np.uint8]], shown: Sequence[NDArray[np.uint8]]
    ) -> float:
        """Distance of two sets of images, uint8 ``H x W x 3`` of any sizes, two each at least."""
        self.metric.reset()
        for real, images in ((True, originals), (False, shown)):
            for image in images:
                pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]
                self.metric.update(pixels, real=real)
        return float(self.metric.compute())


def load_fid() -> Fid:
    """FID, its weights fetched where they are not there.

    Raises
    ------
    UnavailableError
        torchmetrics, torch-fidelity or the weights cannot be had.
    """
    try:
        from torchmetrics.image.fid import FrechetInceptionDistance

        return Fid(FrechetInceptionDistance(feature=FEATURES).eval())
    # A missing library, a hub that does not answer and a file cut short all end here.
    except (ImportError, OSError, RuntimeError) as error:
        raise UnavailableError("FID cannot be computed", error) from error
