"""Edits that hold on to the foreground."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_models.restore.editing import RefinerEditor
from gensc_models.restore.editing.anchor import FEATHER, blend, foreground_of
from gensc_models.restore.refiner import RefinerConfig, load_refiner
from small_refiner import store


@given(st.floats(0, 1), st.integers(0, 255), st.integers(0, 255))
def test_the_foreground_gets_the_share_and_what_is_far_from_it_all(share, received, edited):
    before, after = (np.full((8, 80, 3), level, np.uint8) for level in (received, edited))
    inside = np.zeros((8, 80), bool)
    inside[:, :20] = True
    shown = blend(before, after, inside, share).astype(int)
    assert np.abs(shown[:, :20] - received).max() <= share * abs(edited - received)
    assert (shown[:, 20 + int(FEATHER) :] == edited).all()
    steps = np.abs(np.diff(shown[0, :, 0]))
    assert steps.max() <= abs(edited - received) / FEATHER + 1


def test_without_a_mask_or_with_one_that_marks_nothing_all_is_foreground():
    image = np.zeros((4, 6, 3), np.uint8)
    assert foreground_of(image, None).all()
    assert foreground_of(image, np.zeros((4, 6), np.float32)).all()
    mask = np.zeros((4, 6), np.float32)
    mask[1, 2] = 0.5
    assert np.argwhere(foreground_of(image, mask)).tolist() == [[1, 2]]


def test_an_anchored_refiner_edits_the_background_more_than_the_foreground(tmp_path: Path):
    refiner = load_refiner(store(tmp_path))
    image = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    mask = np.zeros((64, 96), np.float32)
    mask[:, :32] = 1.0
    whole = RefinerEditor(refiner).edit(image, "", mask, snr_db=5.0)
    refiner.config = replace(refiner.config, anchored=0.25)
    held = RefinerEditor(refiner).edit(image, "", mask, snr_db=5.0)
    assert np.array_equal(whole[:, 48:], held[:, 48:])
    change, part = (np.abs(x[:, :32].astype(int) - image[:, :32]).mean() for x in (whole, held))
    assert part == pytest.approx(0.25 * change, abs=0.8)
    everywhere = RefinerEditor(refiner).edit(image, "", None, snr_db=5.0)
    assert (
        np.abs(everywhere.astype(int) - image).mean()
        < 0.5 * np.abs(whole.astype(int) - image).mean()
    )


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_that_is_none_is_refused(share: float):
    with pytest.raises(ValueError, match="anchored"):
        RefinerConfig(anchored=share)
