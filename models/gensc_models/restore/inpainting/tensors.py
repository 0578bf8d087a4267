"""Between images of bytes and tensors."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gensc_models.data.photos import to_tensor
from gensc_models.restore.inpainting.inpainter import Image, Keep


def known(image: Image, keep: Keep) -> tuple[Tensor, Tensor]:
    """Kept pixels in [0, 1], ``1 x 3 x H x W``, and the mask as weights, ``1 x 1 x H x W``.

    What is not kept is middle grey, whatever the image holds there.
    """
    weight = torch.from_numpy(np.array(keep))[None, None].float()
    return torch.where(weight > 0.0, to_tensor(image), 0.5), weight


def to_image(values: Tensor) -> Image:
    """``1 x 3 x H x W`` in [0, 1] to uint8 ``H x W x 3``, clipped."""
    pixels = (values[0].clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
    return pixels.permute(1, 2, 0).contiguous().numpy()
