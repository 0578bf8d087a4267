"""The guard: near edits pass, far ones are blended into bounds, other scenes are rejected."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.data import astronaut, chelsea, coffee, rocket

from gensc_models.restore.editing import Bounds, guard_edit, measure_drift

PHOTOS = [np.ascontiguousarray(photo()[60:252:2, 120:376:2]) for photo in
          (astronaut, chelsea, coffee, rocket)]  # fmt: skip
CAT = PHOTOS[1]
HEIGHT, WIDTH = CAT.shape[:2]

photos = st.sampled_from(PHOTOS)
seeds = st.integers(0, 2**32 - 1)


def some_mask(rng):
    """A rectangle of ones."""
    top, left = rng.integers(0, HEIGHT - 8), rng.integers(0, WIDTH - 8)
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[top : top + rng.integers(8, HEIGHT), left : left + rng.integers(8, WIDTH)] = 1.0
    return mask


def noisy(image, rng, level):
    return np.clip(image + rng.normal(0, level, image.shape), 0, 255).astype(np.uint8)


def foreground_mse(a, b, mask):
    return np.square(a.astype(float) - b)[mask >= 0.5].mean()


@settings(deadline=None, max_examples=20)
@given(photos, seeds)
def test_an_edit_that_changes_nothing_is_untouched(photo, seed):
    mask = some_mask(np.random.default_rng(seed))
    verdict = guard_edit(photo, photo.copy(), mask)
    assert verdict.kind == "untouched"
    assert np.array_equal(verdict.image, photo)
    assert (verdict.drift.psnr_db, verdict.drift.colour) == (np.inf, 0)
    assert verdict.drift.structure == pytest.approx(1.0)


@pytest.mark.parametrize("received", range(4))
@pytest.mark.parametrize("edited", range(4))
def test_another_photo_is_rejected(received, edited):
    verdict = guard_edit(PHOTOS[received], PHOTOS[edited])
    assert verdict.kind == ("untouched" if received == edited else "rejected")
    assert np.array_equal(verdict.image, PHOTOS[received])


@settings(deadline=None, max_examples=30)
@given(photos, seeds, st.floats(1, 12))
def test_noise_that_has_nothing_to_do_with_the_image_is_rejected(photo, seed, size):
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(seed)
    field = gaussian_filter(rng.normal(size=(*photo.shape[:2], 1)), (size / 4, size / 4, 0))
    foreign = (127 + 60 * field / field.std()).clip(0, 255).astype(np.uint8).repeat(3, axis=2)
    assert guard_edit(photo, foreign).kind == "rejected"


@settings(deadline=None, max_examples=60)
@given(photos, seeds, st.floats(0, 80), st.floats(-60, 60), st.floats(12, 40))
def test_whatever_is_shown_the_foreground_stays_within_the_bound(
    photo, seed, level, brighter, psnr_db
):
    rng = np.random.default_rng(seed)
    mask = some_mask(rng)
    edited = np.clip(noisy(photo, rng, level) + brighter, 0, 255).astype(np.uint8)
    verdict = guard_edit(photo, edited, mask, Bounds(psnr_db=psnr_db))
    bound = 255.0**2 / 10 ** (psnr_db / 10)
    error = foreground_mse(verdict.image, photo, mask)
    assert error <= bound * (1 + 1e-9)
    assert error <= foreground_mse(edited, photo, mask)
    if verdict.kind == "accepted":
        assert np.array_equal(verdict.image, edited)


def test_a_blend_uses_the_bound_it_has():
    rng = np.random.default_rng(1)
    edited = noisy(CAT, rng, 40)
    verdict = guard_edit(CAT, edited, bounds=Bounds(psnr_db=20.0))
    assert verdict.kind == "blended"
    assert measure_drift(CAT, verdict.image).psnr_db == pytest.approx(20.0, abs=0.4)
    assert "% of the edit" in verdict.reason


def test_the_background_is_the_editors_and_no_seam_shows():
    rng = np.random.default_rng(2)
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[:, : WIDTH // 2] = 1.0
    edited = noisy(CAT, rng, 40)
    edited[:, WIDTH // 2 + 20 :] = 200
    verdict = guard_edit(CAT, edited, mask, Bounds(feather=16))
    assert verdict.kind == "blended"
    assert np.array_equal(verdict.image[:, WIDTH // 2 + 20 :], edited[:, WIDTH // 2 + 20 :])
    change = np.abs(verdict.image.astype(float) - CAT).mean(axis=(0, 2))
    ramp = change[WIDTH // 2 - 1 : WIDTH // 2 + 16]
    assert np.all(np.diff(ramp) < change.max() / 8)


def test_a_change_of_the_background_alone_is_accepted():
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[20:60, 20:60] = 1.0
    edited = np.where(mask[..., None] > 0, CAT, np.uint8(30))
    # The smoothing sees a little of what lies outside.
    assert guard_edit(CAT, edited, mask).kind == "accepted"
    assert guard_edit(CAT, edited).kind == "rejected"


def test_moderate_sharpening_is_accepted_and_a_shift_of_all_colours_is_not():
    from scipy.ndimage import gaussian_filter

    blurred = gaussian_filter(CAT.astype(float), (1.5, 1.5, 0))
    sharper = np.clip(CAT + (CAT - blurred), 0, 255).astype(np.uint8)
    assert guard_edit(CAT, sharper).kind == "accepted"
    red = CAT.copy()
    red[..., 0] = np.minimum(red[..., 0].astype(int) + 60, 255)
    verdict = guard_edit(CAT, red)
    assert verdict.kind == "rejected"
    assert "mean colour" in verdict.reason


def test_a_flat_image_has_a_structure_too():
    flat = np.full((32, 32, 3), 90, np.uint8)
    assert guard_edit(flat, flat + 3).kind == "accepted"
    assert guard_edit(flat, np.resize(CAT, (32, 32, 3))).kind == "rejected"


@pytest.mark.parametrize(
    ("edited", "mask"),
    [(CAT[1:], None), (CAT.astype(float), None), (CAT, np.ones((3, 3))), (CAT[..., 0], None)],
)
def test_what_does_not_fit_together_is_refused(edited, mask):
    with pytest.raises(ValueError, match=r"must be uint8|shapes differ|mask must"):
        guard_edit(CAT, edited, mask)
