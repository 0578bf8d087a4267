"""Foreground PSNR of the dual-branch codec over photos with maps."""

import numpy as np
import pytest
from skimage.data import astronaut

from gensc_models.codecs.gened.measure import (
    ScoreMap,
    cropped,
    evaluate_gened,
    foreground_branches,
)
from gensc_models.semantics.importance.maps import MappedPhoto
from small_gened import small_codec


def pair(name: str, foreground: bool = True) -> MappedPhoto:
    grey = np.zeros((70, 100), np.uint8)
    grey[20:50, 30:60] = 255 * foreground
    return MappedPhoto(name, astronaut()[100:170, 200:300], grey)


def test_photos_are_cut_to_blocks_and_those_without_a_foreground_left_out() -> None:
    (kept,) = cropped([pair("a"), pair("b", foreground=False)])
    assert kept.name == "a"
    assert kept.map.shape == kept.photo.shape[:2] == (64, 96)


@pytest.mark.parametrize("channel", ["awgn", "rayleigh"])
def test_the_header_section_is_counted_in_symbols(channel: str) -> None:
    pairs, points = cropped([pair("a")]), [(40, 5.0)]
    (ours,) = evaluate_gened(small_codec(), pairs, points, channel)
    assert ours.foreground_symbols + ours.background_symbols + ours.side_symbols == 24 * 40
    assert ours.mask_bits > 0
    assert 0.0 <= ours.mask_iou <= 1.0
    assert np.isfinite([ours.foreground_psnr_db, ours.psnr_db]).all()


def test_the_true_foreground_can_be_told() -> None:
    (row,) = evaluate_gened(small_codec(), cropped([pair("a")]), [(40, 5.0)], told=True)
    assert row.codec == "tiny-gened (told)"
    # Whole blocks: 2 x 3 of them hold the foreground's 30 x 30 pixels or part of them.
    assert row.mask_iou > 0.3


def test_the_score_map_is_one_value_per_block_in_0_to_1() -> None:
    source = ScoreMap(small_codec())
    found = source(np.ascontiguousarray(astronaut()[:90, :100]))
    assert source.name == "score map of tiny-gened"
    assert found.shape == (90, 100)
    assert 0.0 <= found.min() <= found.max() <= 1.0
    assert np.ptp(found[:16, :16]) == 0.0


def test_foreground_branches_change_the_patches_of_the_mask_alone() -> None:
    none, some = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    some[1, 2] = True
    for run in foreground_branches(small_codec(), 4).values():
        changed = (run(some) != run(none)).any(dim=1)[0]
        side = len(changed) // 4
        assert changed.any()
        changed[side : 2 * side, 2 * side : 3 * side] = False
        assert not changed.any()
