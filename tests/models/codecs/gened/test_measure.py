"""Foreground PSNR of the dual-branch codec over photos with maps."""

import numpy as np
import pytest
from skimage.data import astronaut

from gensc_models.codecs.gened.measure import cropped, evaluate_gened
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
