"""The order of the steps and what each does to an image."""

import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gensc_models.restore.inpainting.schedule import (
    Step,
    clean_of_velocity,
    diffuse,
    down,
    noise_levels,
    resampling_path,
    signal_share,
    up,
    velocity,
)


@given(evaluations=st.integers(1, 60), jumps=st.integers(0, 9), length=st.integers(1, 9))
def test_the_network_is_evaluated_just_as_often_as_asked(evaluations, jumps, length):
    path = resampling_path(evaluations, jumps, length)
    assert sum(step.stop < step.start for step in path) == evaluations
    assert path[-1].stop == 0
    assert all(a.stop == b.start for a, b in pairwise(path))
    assert max(max(step) for step in path) == path[0].start
    assert all(step.start - step.stop in (1, -length) for step in path)


def test_the_image_goes_back_as_many_steps_as_repaint_says():
    path = resampling_path(8, jumps=1, jump_length=2)
    assert [step.stop for step in path] == [5, 4, 6, 5, 4, 3, 2, 1, 0]


def test_without_jumps_it_is_one_way_down():
    assert resampling_path(3, 0, 1) == [Step(3, 2), Step(2, 1), Step(1, 0)]


@given(steps=st.integers(1, 40), curve=st.floats(0.3, 3.0))
def test_noise_rises_from_none_to_nothing_else(steps, curve):
    taus = noise_levels(steps, curve)
    assert taus[0] == 0.0
    assert taus[-1] == 1.0
    assert signal_share(taus[0]) == 1.0
    assert signal_share(taus[-1]) == pytest.approx(0.0, abs=1e-12)
    shares = [signal_share(tau) for tau in taus]
    assert all(a > b for a, b in pairwise(shares))


def test_a_step_down_from_the_true_image_has_the_next_levels_statistics():
    random = torch.Generator().manual_seed(0)
    clean = torch.full((1, 1, 400, 400), 0.7)
    noise, fresh = (torch.randn(clean.shape, generator=random) for _ in range(2))
    before, after = signal_share(0.8), signal_share(0.6)
    x = down(diffuse(clean, noise, before), clean, fresh, before, after, temperature=1.0)
    assert x.mean().item() == pytest.approx(0.7 * after**0.5, abs=0.01)
    assert x.std().item() == pytest.approx((1.0 - after) ** 0.5, abs=0.01)


def test_the_last_step_gives_the_estimate_itself():
    x, clean = torch.randn(2, 1, 3, 4, 4)
    assert torch.allclose(down(x, clean, torch.randn_like(x), 0.9, 1.0, 1.0), clean)


def test_a_step_down_is_equation_11():
    random = torch.Generator().manual_seed(3)
    clean, noise, fresh = torch.randn(3, 1, 3, 8, 8, generator=random)
    share, target = 0.3, 0.45
    x = diffuse(clean, noise, share)
    alpha = share / target
    beta = 1.0 - alpha
    mean = (x - beta / (1.0 - share) ** 0.5 * noise) / alpha**0.5
    sigma = (beta * (1.0 - target) / (1.0 - share)) ** 0.5
    assert torch.allclose(
        down(x, clean, fresh, share, target, 1.0), mean + sigma * fresh, atol=1e-5
    )


def test_a_step_up_undoes_no_more_than_it_says():
    random = torch.Generator().manual_seed(0)
    clean = torch.full((1, 1, 400, 400), 0.7)
    noise, fresh = (torch.randn(clean.shape, generator=random) for _ in range(2))
    x = up(diffuse(clean, noise, 0.8), fresh, 0.8, 0.5)
    assert x.mean().item() == pytest.approx(0.7 * 0.5**0.5, abs=0.01)
    assert x.std().item() == pytest.approx(0.5**0.5, abs=0.01)


@given(tau=st.floats(0.0, 1.0))
def test_the_velocity_tells_the_clean_image(tau):
    random = torch.Generator().manual_seed(0)
    clean, noise = torch.randn(2, 1, 3, 4, 4, generator=random)
    x = math.cos(math.pi * tau / 2) * clean + math.sin(math.pi * tau / 2) * noise
    v = velocity(clean, noise, torch.tensor([tau]))
    assert torch.allclose(clean_of_velocity(x, v, tau), clean, atol=1e-5)
