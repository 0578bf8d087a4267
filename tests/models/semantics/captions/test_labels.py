"""Captions that begin with what the photo shows."""

import numpy as np
import pytest
from skimage.data import chelsea

from gensc_models.semantics.captions.labels import LabelCaptioner, label_sentence


def test_a_cat_is_called_one_before_its_layout() -> None:
    text = LabelCaptioner().caption(chelsea())
    first, second = text.split(". ")[:2]
    assert "cat" in first or "tabby" in first
    assert "scene" in second
    assert len(text.encode()) <= 200


def test_what_nobody_can_name_is_its_layout_alone() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    assert "scene" in LabelCaptioner().caption(noise)


@pytest.mark.parametrize(
    ("label", "probability", "said"),
    [
        ("tabby", 0.9, "A photo of a tabby."),
        ("Egyptian cat", 0.3, "A photo of perhaps an Egyptian cat."),
        ("tench", 0.1, ""),
    ],
)
def test_how_sure_it_is_is_said(label: str, probability: float, said: str) -> None:
    assert label_sentence(label, probability) == said
