"""Measures of what was filled in."""

import math

import numpy as np
import pytest

from gensc_models.restore.inpainting import MeanFill
from gensc_models.restore.inpainting.measures import measure, steps

KEEP = np.ones((32, 48), dtype=bool)
KEEP[:, 16:32] = False


def noise(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (32, 48, 3), dtype=np.uint8)


def test_the_original_itself_is_perfect():
    found = measure(noise(), KEEP, noise())
    assert (found.psnr, found.texture, found.border) == (math.inf, 1.0, 1.0)


def test_one_colour_has_no_texture():
    original = noise()
    found = measure(original, KEEP, MeanFill().inpaint(original, KEEP))
    assert found.texture == 0.0
    assert 5 < found.psnr < 12


def test_a_border_that_shows_counts_more_than_the_originals():
    original = np.full((32, 48, 3), 100, dtype=np.uint8)
    original[:, ::2] += 10
    off = np.where(KEEP[..., None], original, original + 100)
    assert measure(original, KEEP, off).border > 5.0


def test_a_changed_pixel_that_was_kept_is_an_error():
    changed = noise()
    changed[0, 0] ^= 1
    with pytest.raises(ValueError, match="a kept pixel was changed"):
        measure(noise(), KEEP, changed)


def test_steps_are_told_apart_by_what_is_kept():
    inside, across = steps(noise(), KEEP)
    assert inside.shape == (32 * 15 + 31 * 16, 3)
    assert across.shape == (2 * 32, 3)
