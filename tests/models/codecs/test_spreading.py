"""Spreading a block over its symbols, and the estimate that undoes it."""

from itertools import chain

import pytest
import torch

from gensc_models.codecs.spreading import despread, groups, mixing_matrix, spread

POWER = (40.0 / torch.arange(1, 257) ** 1.2)[None]


def random_channels(rate: int, rows: int = 5, columns: int = 6, seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    channels = torch.randn(1, 256, rows, columns, generator=generator)
    channels *= POWER[..., None, None].sqrt()
    channels[:, 2 * rate :] = 0
    return channels


@pytest.mark.parametrize("size", [2, 15, 32])
def test_mixing_is_orthonormal(size: int) -> None:
    matrix = mixing_matrix(size)
    torch.testing.assert_close(matrix @ matrix.T, torch.eye(size), atol=1e-5, rtol=0)


def test_every_symbol_carries_part_of_the_strongest_coefficient() -> None:
    channels = torch.zeros(1, 256, 1, 1)
    channels[0, 0] = 8.0
    mixed = spread(channels, torch.tensor([16]))
    assert mixed[0, :32].flatten().tolist() == pytest.approx([2**0.5] * 32, abs=1e-5)
    assert (mixed[0, 32:] == 0).all()


def test_groups_share_the_channels_out_and_split_the_symbols() -> None:
    for rate in range(1, 129):
        lists = [list(range(256))[group] for group in groups(rate)]
        assert sorted(chain(*lists)) == list(range(2 * rate))
        assert max(map(len, lists)) <= 32
        owner = {channel: i for i, channels in enumerate(lists) for channel in channels}
        assert rate <= 16 or all(owner[2 * k] != owner[2 * k + 1] for k in range(rate))


@pytest.mark.parametrize("rate", [1, 16, 47, 128])
def test_equal_noise_leaves_values_and_precision_as_they_were(rate: int) -> None:
    channels, rates = random_channels(rate), torch.tensor([rate])
    precision = torch.full_like(channels, 7.0)
    values, weights = despread(spread(channels, rates), precision, POWER, rates)
    torch.testing.assert_close(values, channels, atol=1e-4, rtol=0)
    torch.testing.assert_close(weights[:, : 2 * rate], precision[:, : 2 * rate])
    assert (weights[:, 2 * rate :] == 0.0).all()


def test_nearly_equal_noise_is_averaged_over_the_block() -> None:
    rate, channels = torch.tensor([16]), random_channels(16)
    precision = torch.full_like(channels, 5.0)
    precision[:, ::2] = 4.0
    _, weights = despread(spread(channels, rate), precision, POWER, rate)
    assert weights[0, :32].mean().item() == pytest.approx(2 / (1 / 5 + 1 / 4), rel=1e-5)


def test_estimate_is_the_linear_mmse_one() -> None:
    rate, n = torch.tensor([8]), 16
    generator = torch.Generator().manual_seed(2)
    received = torch.randn(1, 256, 1, 1, generator=generator)
    precision = 5.0 * torch.rand(1, 256, 1, 1, generator=generator)
    precision[0, 3] = 0.0
    values, weights = despread(received, precision, POWER, rate)
    q, s = mixing_matrix(n).double(), POWER[0, :n].double()
    noise = torch.diag(1.0 / precision[0, :n, 0, 0].double().clamp_min(1e-12))
    gain = torch.diag(s) @ q.T @ torch.linalg.inv(q @ torch.diag(s) @ q.T + noise)
    expected = gain @ received[0, :n, 0, 0].double()
    left = (torch.eye(n, dtype=torch.float64) - gain @ q).diagonal()
    p = weights[0, :n, 0, 0].double()
    torch.testing.assert_close(s * p / (1 + s * p), 1 - left, rtol=1e-4, atol=1e-6)
    posterior = s * p / (1 + s * p) * values[0, :n, 0, 0]
    torch.testing.assert_close(posterior, expected, rtol=1e-3, atol=1e-4)


def test_equivalent_observations_are_unbiased_and_as_precise_as_stated() -> None:
    rate = torch.tensor([16])
    channels = random_channels(16, 60, 60)
    generator = torch.Generator().manual_seed(3)
    precision = 10.0 * (torch.rand(1, 256, 60, 60, generator=generator) > 0.1)
    sent = spread(channels, rate)
    noise = torch.randn(sent.shape, generator=generator) / 10**0.5
    values, weights = despread(
        torch.where(precision > 0, sent + noise, 0.0), precision, POWER, rate
    )
    error = (values - channels)[0, :32]
    normalised = (error.square() * weights[0, :32]).mean(dim=(1, 2))
    torch.testing.assert_close(normalised, torch.ones(32), rtol=0.15, atol=0)
    correlation = (error * channels[0, :32]).mean(dim=(1, 2)) / POWER[0, :32]
    assert correlation.abs().max() < 0.05


def test_a_few_lost_symbols_hardly_touch_the_strongest_coefficient() -> None:
    rate, channels = torch.tensor([32]), random_channels(32)
    precision = torch.full_like(channels, 10.0)
    precision[:, [4, 5, 20, 21, 34, 35, 58, 59]] = 0.0
    _, weights = despread(spread(channels, rate), precision, POWER, rate)
    assert weights[0, 0].min() > 4.0


def test_a_block_of_which_nothing_arrived_has_no_precision() -> None:
    rate, channels = torch.tensor([16]), random_channels(16)
    precision = torch.full_like(channels, 10.0)
    precision[..., 0, 0] = 0.0
    values, weights = despread(channels * (precision > 0), precision, POWER, rate)
    assert (values[..., 0, 0] == 0).all()
    assert weights[..., 0, 0].max() < 1e-4
    assert weights[0, :32, 1:].min() > 9.9


def test_noiseless_and_erased_symbols_together_stay_finite() -> None:
    rate, channels = torch.tensor([128]), random_channels(128)
    precision = torch.full_like(channels, 1e6)
    precision[:, ::9] = 0.0
    values, weights = despread(spread(channels, rate), precision, POWER, rate)
    assert torch.isfinite(values).all()
    assert (weights >= 0).all()


def test_gradients_pass_through_an_unequal_channel() -> None:
    rate, channels = torch.tensor([16]), random_channels(16).requires_grad_()
    precision = torch.ones(1, 256, 5, 6)
    precision[:, ::5] = 0.0
    despread(spread(channels, rate), precision, POWER, rate)[0].square().sum().backward()
    assert (channels.grad[0, :32].abs().sum(dim=(1, 2)) > 0).all()
