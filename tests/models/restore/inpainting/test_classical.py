"""Inpainting without a network, and what every inpainter promises."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.restore.inpainting import (
    Biharmonic,
    Inpainter,
    MeanFill,
    SmoothFill,
    keep_of_blocks,
)
from gensc_models.restore.inpainting.fill import smooth_fill
from small_inpainter import small_inpainter

ALL = [MeanFill(), SmoothFill(), Biharmonic(), small_inpainter()]
each = pytest.mark.parametrize("inpainter", ALL, ids=lambda inpainter: inpainter.name)


def noise_image(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def ramp_image(size=48):
    row, column = np.mgrid[:size, :size]
    return np.stack([40 + 3 * row, 40 + 3 * column, np.full_like(row, 90)], axis=2).astype(np.uint8)


def hole(size=48, margin=16):
    keep = np.ones((size, size), dtype=bool)
    keep[margin:-margin, margin:-margin] = False
    return keep


@each
def test_every_back_end_has_the_one_interface(inpainter):
    assert isinstance(inpainter, Inpainter)


@each
@settings(max_examples=15, deadline=None)
@given(height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 99),
       share=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]))  # fmt: skip
def test_kept_pixels_come_back_as_they_are(inpainter, height, width, seed, share):
    image = noise_image(height, width, seed)
    keep = np.random.default_rng(seed).random((height, width)) < share
    result = inpainter.inpaint(image, keep, "a prompt", seed)
    assert result.dtype == np.uint8
    assert result.shape == image.shape
    np.testing.assert_array_equal(result[keep], image[keep])


@each
def test_what_the_holes_hold_is_not_looked_at(inpainter):
    keep, image = hole(), ramp_image()
    other = np.where(keep[..., None], image, noise_image(48, 48))
    np.testing.assert_array_equal(inpainter.inpaint(image, keep), inpainter.inpaint(other, keep))


@each
def test_an_image_kept_whole_is_returned_and_one_kept_nowhere_is_grey(inpainter):
    image = noise_image(20, 30)
    whole = np.ones((20, 30), dtype=bool)
    np.testing.assert_array_equal(inpainter.inpaint(image, whole), image)
    assert (inpainter.inpaint(image, ~whole) == 128).all()


@each
def test_bad_images_and_masks_are_refused_by_name(inpainter):
    image, keep = noise_image(8, 9), np.ones((8, 9), dtype=bool)
    with pytest.raises(ValueError, match="expected uint8 HxWx3"):
        inpainter.inpaint(image.astype(np.float32), keep)
    with pytest.raises(ValueError, match="expected uint8 HxWx3"):
        inpainter.inpaint(image[:0], keep[:0])
    with pytest.raises(ValueError, match=r"mask must be bool \(8, 9\)"):
        inpainter.inpaint(image, keep[:, :8])
    with pytest.raises(ValueError, match="mask must be bool"):
        inpainter.inpaint(image, keep.astype(np.uint8))


def test_the_mean_of_what_is_kept_fills_the_rest():
    image = np.zeros((4, 4, 3), dtype=np.uint8)
    image[0, 0], image[0, 1] = (10, 20, 30), (20, 40, 60)
    keep = np.zeros((4, 4), dtype=bool)
    keep[0, :2] = True
    assert (MeanFill().inpaint(image, keep)[~keep] == (15, 30, 45)).all()


@pytest.mark.parametrize(("inpainter", "error"), [(SmoothFill(), 12), (Biharmonic(), 2)])
def test_a_ramp_goes_on_through_a_hole(inpainter, error):
    image, keep = ramp_image(), hole()
    difference = inpainter.inpaint(image, keep).astype(int) - image
    assert np.abs(difference).max() <= error


def test_a_large_hole_is_solved_at_a_lower_resolution():
    image, keep = ramp_image(64), hole(64, 4)
    large = image.repeat(4, 0).repeat(4, 1), keep.repeat(4, 0).repeat(4, 1)
    difference = Biharmonic().inpaint(*large).astype(int) - large[0]
    assert np.abs(difference).mean() < 3


@settings(max_examples=25, deadline=None)
@given(height=st.integers(1, 50), width=st.integers(1, 50), seed=st.integers(0, 99))
def test_the_smooth_continuation_stays_within_what_is_known(height, width, seed):
    random = torch.Generator().manual_seed(seed)
    values = torch.rand(2, 3, height, width, generator=random)
    weight = (torch.rand(2, 1, height, width, generator=random) < 0.2).float()
    filled = smooth_fill(values, weight)
    known = weight.expand_as(values) > 0
    assert torch.equal(filled[known], values[known])
    for image, mask, result in zip(values, weight, filled, strict=True):
        if not mask.any():
            assert not result.any()
            continue
        for colour, made in zip(image, result, strict=True):
            inside = colour[mask[0] > 0]
            assert inside.min() - 1e-5 <= made.min()
            assert made.max() <= inside.max() + 1e-5


def test_blocks_become_pixels_and_the_last_ones_are_cut():
    keep = keep_of_blocks(np.array([[True, False], [False, True]]), 20, 30)
    assert keep.shape == (20, 30)
    assert keep[:16, :16].all()
    assert keep[16:, 16:].all()
    assert keep.sum() == 16 * 16 + 4 * 14
