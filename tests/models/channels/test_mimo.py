import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.channels import mimo
from gensc_phy.mimo import equalise as mimo_equalise


def normal(*shape, seed=0):
    rng = np.random.default_rng(seed)
    pairs = rng.standard_normal((*shape, 2)) * np.sqrt(0.5)
    return pairs.view(np.complex128)[..., 0].astype(np.complex64)


def unit(*shape):
    return torch.from_numpy(normal(*shape, seed=9))


@given(
    users=st.integers(1, 4), more=st.integers(0, 2), seed=st.integers(0, 10**6),
    noise=st.floats(0.01, 10.0), kind=st.sampled_from(["zf", "mmse"]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_torch_and_numpy_separate_alike(users, more, seed, noise, kind):
    h = normal(6, users + more, users, seed=seed)
    y = normal(20, 6, users + more, seed=seed + 1)
    ours, variance = getattr(mimo_equalise, kind)(h, y, noise)
    theirs = getattr(mimo, kind)(torch.from_numpy(h), torch.from_numpy(y), noise)
    # Zero forcing squares the condition of the matrix, in single precision here.
    tolerance = 1e-5 * np.linalg.cond(h).max() ** 2
    scale = np.abs(ours).max()
    assert np.abs(theirs.symbols.numpy() - ours).max() < tolerance * scale
    assert np.allclose(theirs.noise_var.numpy(), variance, rtol=max(tolerance, 1e-4))


@pytest.mark.parametrize("separation", ["zf", "mmse"])
@pytest.mark.parametrize("antennas", [3, 4])
def test_the_reported_variance_is_that_of_the_error(separation, antennas):
    x = unit(40, 3, 2000)
    generator = torch.Generator().manual_seed(1)
    got = mimo.simulate_uplink(x, 8.0, generator, separation=separation, antennas=antennas)
    ratio = ((got.symbols - x).abs().square() / got.noise_var).mean(dim=(0, 2))
    assert torch.all((ratio - 1).abs() < 0.05)


def test_every_slot_has_a_matrix_of_its_own_and_symbols_of_a_slot_share_it():
    got = mimo.simulate_uplink(unit(5, 2, 30), 10.0, torch.Generator().manual_seed(2))
    assert torch.all(got.noise_var == got.noise_var[..., :1])
    assert len(torch.unique(got.noise_var[:, 0, 0])) == 5


@pytest.mark.parametrize("separation", ["zf", "mmse"])
def test_orthogonal_users_see_the_plain_awgn_channel(separation):
    x = unit(3, 5000)
    got = mimo.simulate_uplink(
        x, 10.0, torch.Generator().manual_seed(3), channel="awgn", separation=separation
    )
    assert torch.allclose(got.noise_var, torch.tensor(0.1), rtol=1e-4)
    assert (got.symbols - x).abs().square().mean().item() == pytest.approx(0.1, rel=0.05)


def test_a_silent_user_leaves_more_to_the_others():
    x, h = unit(2, 3, 50), torch.from_numpy(normal(2, 3, 3, seed=4))
    run = lambda gains: mimo.simulate_uplink(  # noqa: E731
        x, 10.0, torch.Generator().manual_seed(5), gains_db=gains, matrix=h, separation="zf"
    )
    silent, normally = run([0, 0, float("-inf")]), run(None)
    assert torch.all(torch.isinf(silent.noise_var[:, 2]))
    assert torch.all(silent.symbols[:, 2] == 0)
    assert torch.all(silent.noise_var[:, :2] <= normally.noise_var[:, :2])


def test_what_makes_no_uplink_is_refused_by_name():
    generator = torch.Generator()
    with pytest.raises(ValueError, match="unknown channel 'rice'"):
        mimo.simulate_uplink(unit(2, 5), 10.0, generator, channel="rice")
    with pytest.raises(ValueError, match="unknown separation 'ml'"):
        mimo.simulate_uplink(unit(2, 5), 10.0, generator, separation="ml")
    with pytest.raises(ValueError, match="2 users need as many antennas, not 1"):
        mimo.simulate_uplink(unit(2, 5), 10.0, generator, antennas=1)
    with pytest.raises(ValueError, match="needs as many antennas"):
        mimo.zf(torch.ones(1, 2, dtype=torch.complex64), torch.ones(1), 1.0)
