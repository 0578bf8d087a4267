"""A classifier sees in the received image what it saw in the original, or does not."""

import numpy as np
from skimage.data import chelsea

from gensc_models.metrics.agreement import agreement
from gensc_models.semantics.importance.efficientnet import load_efficientnet


def test_an_image_agrees_with_itself_and_with_a_little_noise() -> None:
    model = load_efficientnet()
    rng = np.random.default_rng(1)
    noisy = np.clip(chelsea() + rng.normal(0, 4, chelsea().shape), 0, 255).astype(np.uint8)
    assert agreement(model, chelsea(), chelsea()) == {"top1": 1.0, "top5": 1.0}
    assert agreement(model, chelsea(), noisy)["top5"] == 1.0


def test_a_grey_picture_is_no_cat() -> None:
    found = agreement(load_efficientnet(), chelsea(), np.full_like(chelsea(), 128))
    assert found == {"top1": 0.0, "top5": 0.0}
