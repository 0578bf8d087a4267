"""Scales of the latents and the likelihood of their values."""

import pytest
import torch

from gensc_models.codecs.bank import scales, tables


def test_scales_run_from_eleven_hundredths_to_256() -> None:
    levels = torch.arange(64.0)
    assert scales.scale_of_level(levels)[0] == pytest.approx(0.11)
    assert scales.scale_of_level(levels)[-1] == pytest.approx(256.0, rel=1e-4)
    ratios = scales.scale_of_level(levels)[1:] / scales.scale_of_level(levels)[:-1]
    torch.testing.assert_close(ratios, ratios[:1].expand(63))


@pytest.mark.parametrize("level", [0, 3, 20, 40, 63])
def test_likelihoods_of_all_values_add_up_to_one(level: int) -> None:
    reach = tables.limit_of_level(level)
    values = torch.arange(-reach, reach + 1.0, dtype=torch.float64)
    bits = scales.latent_bits(values, torch.full_like(values, float(level)))
    assert torch.exp2(-bits).sum() == pytest.approx(1.0, abs=1e-4)


def test_an_unexpected_value_costs_no_more_than_an_escape_and_asks_for_wider_scales() -> None:
    level = torch.tensor([5.0, 20.0, 20.0], requires_grad=True)
    bits = scales.latent_bits(torch.tensor([2.0, 10.0, 30000.0]), level)
    bits.sum().backward()
    assert bits[2] == 36
    assert torch.isfinite(level.grad).all()
    assert (level.grad[:2] < 0).all()
