import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_phy.channel.impairments import complex_noise
from gensc_phy.mimo.equalise import (
    error_variance,
    mmse,
    mmse_filter,
    separation_filter,
    zf,
    zf_filter,
)

sizes = st.tuples(st.integers(1, 4), st.integers(0, 2)).map(lambda s: (s[0], s[0] + s[1]))


def uplink(users, antennas, seed, shape=(5, 7)):
    rng = np.random.default_rng(seed)
    h = complex_noise(7 * antennas * users, 1.0, rng).reshape(7, antennas, users)
    x = complex_noise(np.prod(shape) * users, 1.0, rng).reshape(*shape, users)
    return rng, h, x, (h @ x[..., None])[..., 0]


@given(size=sizes, seed=st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_zero_forcing_inverts_exactly_without_noise(size, seed):
    _, h, x, y = uplink(*size, seed)
    got, variance = zf(h, y, 0.0)
    # In single precision what comes in has an error that an ill-conditioned matrix magnifies.
    bound = 1e-5 * np.linalg.cond(h).max()
    assert got.shape == variance.shape == x.shape
    assert np.abs(got - x).max() < max(bound, 1e-4)
    assert np.all(variance < 1e-8 * np.linalg.cond(h).max() ** 2)


@given(size=sizes, seed=st.integers(0, 10**6), noise=st.floats(1e-3, 10.0))
@settings(max_examples=60, deadline=None)
def test_mmse_never_has_a_lower_sinr_than_zero_forcing(size, seed, noise):
    _, h, _, _ = uplink(*size, seed)
    of_mmse = error_variance(mmse_filter(h, noise), h, noise)
    of_zf = error_variance(zf_filter(h), h, noise)
    assert np.all(of_mmse <= of_zf * (1 + 1e-6))


@given(size=sizes, seed=st.integers(0, 10**6), noise=st.floats(1e-3, 10.0))
@settings(max_examples=40, deadline=None)
def test_the_sinr_of_mmse_is_the_textbooks(size, seed, noise):
    _, h, _, _ = uplink(*size, seed)
    gram = np.conj(np.swapaxes(h, 1, 2)) @ h / noise
    diagonal = np.diagonal(np.linalg.inv(np.eye(size[0]) + gram), axis1=1, axis2=2).real
    variance = error_variance(mmse_filter(h, noise), h, noise)
    # SINR_k = 1 / [(I + H^H H / N0)^-1]_kk - 1.
    assert np.allclose(1 / variance, 1 / diagonal - 1, rtol=1e-3)


@given(seed=st.integers(0, 10**6), noise=st.floats(1e-3, 10.0))
@settings(max_examples=30, deadline=None)
def test_one_user_on_one_antenna_is_the_single_user_equaliser(seed, noise):
    _, h, _, y = uplink(1, 1, seed)
    for separate in (zf, mmse):
        got, variance = separate(h, y, noise)
        assert np.allclose(got, y / h[..., 0], rtol=1e-4)
        assert np.allclose(variance, noise / np.abs(h[..., 0]) ** 2, rtol=1e-4)


@pytest.mark.parametrize("separate", [zf, mmse])
@pytest.mark.parametrize("size", [(2, 2), (3, 3), (3, 4)])
def test_the_reported_variance_is_that_of_the_error(separate, size):
    rng, h, x, y = uplink(*size, 1, shape=(4000, 7))
    noisy = y + complex_noise(y.size, 0.1, rng).reshape(y.shape)
    got, variance = separate(h, noisy, 0.1)
    ratio = np.mean(np.abs(got - x) ** 2 / variance, axis=0)
    assert np.all(np.abs(ratio - 1) < 0.1)


def test_a_user_without_a_channel_harms_nobody():
    _, h, _, y = uplink(2, 3, 4)
    silent = np.concatenate([h, np.zeros((7, 3, 1))], axis=-1)
    got, variance = mmse(silent, y, 0.1)
    alone, alone_variance = mmse(h, y, 0.1)
    assert np.allclose(got[..., :2], alone, atol=1e-5)
    assert np.allclose(variance[..., :2], alone_variance)
    assert np.all(got[..., 2] == 0)
    assert np.all(np.isinf(variance[..., 2]))


@pytest.mark.parametrize("separate", [zf, mmse])
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_users_with_the_same_channel_have_each_other_for_noise(separate, noise):
    h, y = np.ones((7, 3, 2), np.complex64), np.ones((5, 7, 3), np.complex64)
    got, variance = separate(h, y, noise)
    assert np.all(np.isfinite(got))
    # Their sum is received, of either one the other is the error.
    assert np.allclose(variance, 1 + noise / 3, rtol=1e-3)


def test_what_cannot_be_separated_is_refused():
    with pytest.raises(ValueError, match="needs as many antennas"):
        zf_filter(np.ones((2, 3)))
    with pytest.raises(ValueError, match="one of zf, mmse"):
        separation_filter("ml", np.ones((2, 2)), 1.0)
