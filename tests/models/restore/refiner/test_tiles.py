"""Tiles: every pixel covered, starts on the codec's grid, seams that cannot be seen."""

from itertools import pairwise

import torch
from hypothesis import given
from hypothesis import strategies as st

from gensc_models.restore.refiner.tiles import GRID, ramp, spans


@given(length=st.integers(1, 5000), tile=st.sampled_from([64, 256, 512]))
def test_spans_cover_the_axis_with_overlap(length: int, tile: int) -> None:
    parts = spans(length, tile, overlap=32)
    assert parts[0].start == 0
    assert parts[-1].stop == length
    assert all(0 < part.stop - part.start <= tile for part in parts)
    assert all(part.start % GRID == 0 for part in parts)
    assert all(a.stop - b.start >= 32 for a, b in pairwise(parts))


@given(length=st.integers(16, 5000))
def test_no_tile_is_too_small_for_the_networks(length: int) -> None:
    assert all(part.stop - part.start >= 16 for part in spans(length))


@given(length=st.integers(16, 3000))
def test_weights_are_positive_and_whole_at_the_borders_of_the_image(length: int) -> None:
    total = torch.zeros(length)
    for part in spans(length):
        weight = ramp(part, length)
        assert weight.min() > 0
        total[part.start : part.stop] += weight
    assert total[0] == total[-1] == 1.0
