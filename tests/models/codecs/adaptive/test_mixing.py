"""Coefficients on the air and back: exact without noise, honest about what is left."""

import numpy as np
import pytest
import torch

from gensc_models.codecs.adaptive.allocation import Allocation, allocate
from gensc_models.codecs.adaptive.mixing import from_air, to_air

TABLE = torch.tensor([0.5, 3.0, 30.0])


def problem(count: int, symbols: int, noise_var: float) -> tuple[torch.Tensor, Allocation]:
    generator = torch.Generator().manual_seed(2)
    classes = torch.randint(0, 3, (count,), generator=generator)
    plan = allocate(classes, TABLE, symbols, noise_var)
    return torch.randn(len(plan.places), generator=generator) * plan.deviation, plan


def noisy(sent: np.ndarray, variance: np.ndarray, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    noise = random.standard_normal((2, len(sent))) * np.sqrt(variance / 2.0)
    return (sent + noise[0] + 1j * noise[1]).astype(np.complex64)


@pytest.mark.parametrize("symbols", [2, 30, 64, 1000])
def test_symbols_have_power_one_and_come_back(symbols: int) -> None:
    values, plan = problem(900, symbols, 1e-3)
    sent, scale = to_air(values, plan, symbols)
    assert sent.dtype == np.complex64
    assert len(sent) == symbols // 2
    assert np.mean(np.abs(sent) ** 2) == pytest.approx(1.0, rel=1e-4)
    estimate, deviation = from_air(sent, np.full(len(sent), 1e-9, np.float32), scale, plan)
    strong = plan.power > 0.05
    torch.testing.assert_close(estimate[strong], values[strong], rtol=0.05, atol=0.2)
    assert (deviation[strong] < plan.deviation[strong]).all()


def test_no_symbol_is_much_stronger_than_another() -> None:
    values, plan = problem(20_000, 8_000, 0.1)
    sent, _ = to_air(values, plan, 8_000)
    quarters = [np.mean(np.abs(part) ** 2) for part in np.split(sent, 4)]
    assert max(quarters) < 1.3 * min(quarters)


@pytest.mark.parametrize("kind", ["even", "fading", "erased"])
def test_the_deviation_told_is_that_of_the_error(kind: str) -> None:
    values, plan = problem(60_000, 40_000, 0.2)
    sent, scale = to_air(values, plan, 40_000)
    variance = np.full(len(sent), 0.2)
    if kind == "fading":
        variance = variance / np.random.default_rng(1).exponential(size=len(sent))
    received, told = noisy(sent, variance), variance.astype(np.float32)
    if kind == "erased":
        lost = np.random.default_rng(3).random(len(sent)) < 0.2
        received[lost], told[lost] = np.nan, np.inf
    estimate, deviation = from_air(received, told, scale, plan)
    for number in range(3):
        mine = (plan.deviation == TABLE[number]) & (plan.power > 0)
        if mine.sum() > 500:
            error = float((values - estimate)[mine].square().mean())
            assert error == pytest.approx(float(deviation[mine].square().mean()), rel=0.1)


def test_all_lost_is_the_prior() -> None:
    values, plan = problem(400, 200, 0.2)
    sent, scale = to_air(values, plan, 200)
    estimate, deviation = from_air(sent, np.full(100, np.inf, np.float32), scale, plan)
    assert estimate.abs().max() == 0
    torch.testing.assert_close(deviation, plan.deviation, rtol=1e-3, atol=1e-3)


def test_a_flat_image_sends_constant_symbols_and_decodes() -> None:
    _, plan = problem(400, 200, 0.2)
    sent, scale = to_air(torch.zeros(len(plan.places)), plan, 200)
    assert (scale, set(sent.tolist())) == (0.0, {1.0 + 0.0j})
    estimate, _ = from_air(sent, np.full(100, 0.2, np.float32), scale, plan)
    assert torch.isfinite(estimate).all()
