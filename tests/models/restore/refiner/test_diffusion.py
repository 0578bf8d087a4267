"""Diffusion on the prior: the paper's schedule and reverse step, written for Z_0."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gensc_models.restore.refiner.config import RefinerConfig
from gensc_models.restore.refiner.diffusion import PriorDiffusion, Schedule

CONFIG = RefinerConfig(prior_channels=3, condition=4)


def diffusion() -> PriorDiffusion:
    torch.manual_seed(3)
    return PriorDiffusion(CONFIG)


def test_schedule_of_the_paper_ends_in_noise() -> None:
    schedule = Schedule.linear(4, 0.10, 0.99)
    beta = torch.linspace(0.10, 0.99, 4)
    torch.testing.assert_close(torch.tensor(schedule.beta), beta)
    torch.testing.assert_close(torch.tensor(schedule.alpha_bar), (1 - beta).cumprod(0))
    assert schedule.alpha_bar[-1] < 0.002


@given(
    steps=st.integers(1, 8),
    first=st.floats(0.01, 0.5),
    rise=st.floats(0.0, 0.49),
    seed=st.integers(0, 1000),
)
def test_reverse_step_is_that_of_the_algorithms(
    steps: int, first: float, rise: float, seed: int
) -> None:
    """Line 10 of Algorithms 1 and 2, with the noise that a given Z_0 implies."""
    schedule = Schedule.linear(steps, first, first + rise)
    generator = torch.Generator().manual_seed(seed)
    clean, noise = torch.randn(2, 6, generator=generator, dtype=torch.float64)
    for t in range(1, steps + 1):
        beta, alpha, alpha_bar = (part[t - 1] for part in schedule)
        noisy = alpha_bar**0.5 * clean + (1 - alpha_bar) ** 0.5 * noise
        of_paper = (noisy - (1 - alpha) / (1 - alpha_bar) ** 0.5 * noise) / alpha**0.5
        of_clean, of_noisy = schedule.posterior_weights(t)
        torch.testing.assert_close(
            of_clean * clean + of_noisy * noisy, of_paper, rtol=1e-9, atol=1e-9
        )
        assert beta == pytest.approx(1 - alpha, abs=1e-6)


def test_last_step_returns_the_prediction_itself() -> None:
    assert Schedule.linear(4, 0.1, 0.99).posterior_weights(1) == pytest.approx((1.0, 0.0))


def test_chain_with_a_perfect_denoiser_finds_the_prior() -> None:
    chain = diffusion()
    prior = torch.randn(5, CONFIG.prior_size)
    chain.denoiser.forward = lambda noisy, time, decoded_prior, snr: prior  # type: ignore[method-assign]
    found = chain.reverse(torch.randn_like(prior), torch.zeros_like(prior), torch.zeros(5, 1))
    torch.testing.assert_close(found, prior)


def test_denoiser_is_asked_once_per_step_with_the_time() -> None:
    chain, times = diffusion(), []
    chain.denoiser.register_forward_pre_hook(lambda _, inputs: times.append(inputs[1]))
    zero = torch.zeros(1, CONFIG.prior_size)
    chain.reverse(zero, zero, torch.zeros(1, 1))
    assert times == [1.0, 0.75, 0.5, 0.25]


def test_forward_diffusion_has_the_moments_of_equation_11() -> None:
    chain = diffusion()
    prior = torch.full((40000, CONFIG.prior_size), 10.0)
    noisy = chain.diffuse(prior, torch.randn(prior.shape))
    alpha_bar = chain.schedule.alpha_bar[-1]
    assert noisy.mean().item() == pytest.approx(10.0 * alpha_bar**0.5, abs=0.02)
    assert noisy.var().item() == pytest.approx(1.0 - alpha_bar, rel=0.02)


def test_whole_chain_is_differentiable() -> None:
    chain = diffusion()
    noisy = torch.randn(2, CONFIG.prior_size, requires_grad=True)
    condition = torch.randn(2, CONFIG.prior_size, requires_grad=True)
    chain.reverse(noisy, condition, torch.zeros(2, 1)).sum().backward()
    assert noisy.grad is not None
    assert noisy.grad.abs().max() > 0
    assert condition.grad is not None
    assert all(p.grad is not None for p in chain.parameters())
