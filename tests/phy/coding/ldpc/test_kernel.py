"""The compiled decoder does what the NumPy one does, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gensc_phy.coding import ldpc
from gensc_phy.coding.ldpc.ieee80211n_tables import INFORMATION_COLUMNS
from ldpc_reference import assert_same, decode_by_reference


@pytest.mark.parametrize(("n", "rate"), sorted(INFORMATION_COLUMNS))
def test_noisy_words_decode_alike(n, rate):
    code = ldpc.code(n, rate)
    rng = np.random.default_rng(n)
    words = code.encode(rng.integers(0, 2, (80, code.k), dtype=np.uint8))
    # From hopeless to clean: all ends of a decoding occur.
    sigma = np.linspace(0.3, 1.0, 80)[:, None]
    llr = (2 * (1 - 2.0 * words + sigma * rng.normal(size=words.shape)) / sigma**2).astype("f4")
    got = code.decode(llr, max_iter=20)
    assert 0 < got.ok.sum() < 80
    assert_same(got, decode_by_reference(code, llr, 20))


@settings(max_examples=25)
@given(
    llr=arrays(
        np.float32,
        (2, 648),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
        fill=st.sampled_from([np.float32(x) for x in (0, -0.0, 1, -1, np.nan, np.inf, -np.inf)]),
    ),
    max_iter=st.integers(0, 4),
)
def test_any_input_decodes_alike(llr, max_iter):
    code = ldpc.code(648, "3/4")
    assert_same(code.decode(llr, max_iter), decode_by_reference(code, llr, max_iter))
