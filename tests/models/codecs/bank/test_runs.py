"""Masks as runs of the range coder."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.codecs.bank.coder import SymbolReader, SymbolWriter
from gensc_models.codecs.bank.errors import BitstreamError
from gensc_models.codecs.bank.runs import read_mask, run_lengths, write_mask


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 24), st.integers(1, 24), st.floats(0, 1), st.integers(0, 999))
def test_masks_come_back(height: int, width: int, share: float, seed: int) -> None:
    keep = np.random.default_rng(seed).random((height, width)) < share
    writer = SymbolWriter()
    write_mask(writer, keep)
    np.testing.assert_array_equal(read_mask(SymbolReader(writer.words()), height, width), keep)


def test_a_box_costs_a_few_bytes_and_noise_no_more_than_a_little_over_one_bit() -> None:
    box = np.zeros((32, 48), bool)
    box[8:24, 12:36] = True
    writer = SymbolWriter()
    write_mask(writer, box)
    assert writer.bits["mask"] < 90
    noise = np.random.default_rng(0).random((32, 48)) < 0.5
    writer = SymbolWriter()
    write_mask(writer, noise)
    assert writer.bits["mask"] < 1.25 * noise.size


def test_runs_of_a_mask() -> None:
    flags = np.array([True, True, False, True, True, True])
    assert run_lengths(flags).tolist() == [2, 1, 3]
    assert run_lengths(np.ones(70000, bool)).tolist() == [70000]
    writer = SymbolWriter()
    write_mask(writer, np.ones((300, 400), bool))
    assert read_mask(SymbolReader(writer.words()), 300, 400).all()


def test_a_mask_that_does_not_fit_is_refused() -> None:
    writer = SymbolWriter()
    write_mask(writer, np.ones((8, 8), bool))
    with pytest.raises(BitstreamError, match="mask"):
        read_mask(SymbolReader(writer.words()), 3, 3)
