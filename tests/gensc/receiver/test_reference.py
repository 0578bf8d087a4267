"""reference: originals found again by what is in the picture."""

import numpy as np
import pytest
from PIL import Image

from gensc.data.images import fit, load_image
from gensc.receiver.reference import References

NAMES = ("chelsea", "coffee", "rocket", "astronaut")


@pytest.fixture
def folder(tmp_path):
    for name in NAMES:
        picture = fit(load_image(f"skimage:{name}"), 96, 128)
        Image.fromarray(picture).save(tmp_path / f"{name}.png")
    return [str(tmp_path / f"{name}.png") for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_picture_is_known_and_scored(folder, name):
    original = fit(load_image(f"skimage:{name}"), 96, 128).astype(float)
    noise = np.random.default_rng(1).normal(0, 25, original.shape)
    received = np.clip(original + noise, 0, 255).astype(np.uint8)
    match = References(folder).match(received)
    assert match.name == name
    assert 19 < match.metrics["psnr"] < 22
    assert "ssim" in match.metrics


def test_one_that_was_scaled_down_is_held_against_its_original_scaled_alike(folder):
    small = load_image(folder[0], 64)
    match = References(folder).match(small)
    assert match.name == "chelsea"
    assert match.metrics["psnr"] > 60


@pytest.mark.parametrize("shape", [(96, 128, 3), (64, 64, 3)])
def test_a_picture_of_something_else_has_no_reference(folder, shape):
    other = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    assert References(folder).match(other) is None
