"""Flags of pixels on a coarser grid and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.baselines.cells import cell_shares, unpack_cells
from gensc_models.codecs.bank.errors import BitstreamError
from gensc_models.codecs.bank.runs import pack_mask


@settings(deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    cell=st.integers(1, 20),
    seed=st.integers(0, 99),
)
def test_cells_are_the_means_of_their_pixels_and_come_back_as_squares(height, width, cell, seed):
    flags = np.random.default_rng(seed).random((height, width)) < 0.5
    shares = cell_shares(flags, cell)
    assert shares.shape == (-(-height // cell), -(-width // cell))
    for row, column in np.ndindex(shares.shape):
        square = np.s_[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell]
        assert shares[row, column] == pytest.approx(flags[square].mean())
    cells = shares > 0.5
    back = unpack_cells(pack_mask(cells), height, width, cell)
    assert back.shape == flags.shape
    assert np.array_equal(cell_shares(back, cell) > 0.5, cells)


def test_damaged_and_foreign_sections_are_refused():
    section = pack_mask(np.ones((3, 3), bool))
    assert unpack_cells(section, 48, 48, 16).all()
    for damaged in (b"", section[:-1]):
        with pytest.raises(BitstreamError):
            unpack_cells(damaged, 48, 48, 16)
    with pytest.raises(BitstreamError):
        unpack_cells(section, 48, 32, 16)
