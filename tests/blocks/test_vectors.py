"""PMT vectors are NumPy arrays without going through Python numbers."""

import numpy as np
import pmt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from gnuradio.gensc import vectors


@given(
    st.sampled_from([np.uint8, np.float32, np.complex64]).flatmap(
        lambda dtype: arrays(dtype, array_shapes(max_dims=3, min_side=0))
    )
)
def test_an_array_survives_the_way_there_and_back(array):
    vector = vectors.from_array(array)
    back = vectors.to_array(vector, array.dtype.type)
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array.reshape(-1))


def test_they_are_the_vectors_of_pmt():
    vector = vectors.from_array(np.array([1 + 2j, 3], dtype=np.complex64))
    assert pmt.is_c32vector(vector)
    assert list(pmt.c32vector_elements(vector)) == [1 + 2j, 3]


def test_a_view_cannot_change_what_other_blocks_received():
    view = vectors.to_array(vectors.from_array(np.zeros(4, np.float32)), np.float32)
    with pytest.raises(ValueError, match="read-only"):
        view[0] = 1


def test_a_view_outlives_the_message_it_came_in():
    views = [vectors.to_array(vectors.from_array(np.full(9999, i, np.uint8)), np.uint8)
             for i in range(50)]  # fmt: skip
    assert [int(v.min()) for v in views] == [int(v.max()) for v in views] == list(range(50))


@pytest.mark.parametrize("other", [pmt.PMT_NIL, pmt.init_u8vector(1, [1]), pmt.from_double(1.0)])
def test_another_type_is_refused(other):
    with pytest.raises(TypeError, match="not a vector of complex64"):
        vectors.to_array(other, np.complex64)
