import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_phy.channel.mimo import MimoChannel, block_matrix


def test_the_matrix_is_complex_normal_with_unit_variance():
    h = np.array([block_matrix(1, block, 3, 3) for block in range(4000)])
    assert np.mean(np.abs(h) ** 2) == pytest.approx(1, rel=0.02)
    assert abs(np.mean(h)) < 0.02


@given(cuts=st.lists(st.integers(1, 400), min_size=1, max_size=8))
@settings(max_examples=20, deadline=None)
def test_how_the_stream_is_cut_does_not_matter(cuts):
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((2, 1000)) + 1j * rng.standard_normal((2, 1000))).astype(np.complex64)
    args = {"snr_db": 10.0, "block_len": 300, "gains_db": [0, -3], "cfo": [0.001, 0], "seed": 3}
    whole = MimoChannel(2, 3, **args).process(x)
    channel, parts, at = MimoChannel(2, 3, **args), [], 0
    for n in [*cuts, 1000]:
        parts.append(channel.process(x[:, at : at + n]))
        at += n
    assert np.allclose(np.concatenate(parts, axis=1), whole, atol=1e-5)


def test_the_matrix_changes_at_the_end_of_a_block_and_only_there():
    y = MimoChannel(1, 2, block_len=100, seed=5).process(np.ones((1, 250), np.complex64))
    changes = np.flatnonzero(np.abs(np.diff(y, axis=1)).max(axis=0) > 1e-6)
    assert changes.tolist() == [99, 199]


def test_noise_has_the_variance_of_the_snr_in_every_antenna_and_gains_scale_users():
    matrix = np.eye(2)
    channel = MimoChannel(2, 2, snr_db=10.0, matrix=matrix, gains_db=[0, float("-inf")])
    y = channel.process(np.ones((2, 100_000), np.complex64))
    assert np.var(y, axis=1) == pytest.approx(0.1, rel=0.03)
    assert np.abs(y.mean(axis=1)) == pytest.approx([1, 0], abs=0.01)


def test_numbers_that_do_not_fit_are_refused_by_name():
    with pytest.raises(ValueError, match=r"matrix \(2, 2\): must be 3 x 2"):
        MimoChannel(2, 3, matrix=np.eye(2))
    with pytest.raises(ValueError, match="3 gains for 2 users"):
        MimoChannel(2, 2, gains_db=[0, 0, 0])
    with pytest.raises(ValueError, match="1 carrier offsets for 2 users"):
        MimoChannel(2, 2, cfo=[0])
    with pytest.raises(ValueError, match="block_len"):
        MimoChannel(2, 2, block_len=-1)
