"""What is known of a latent: deviations against drawn latents."""

import pytest
import torch

from gensc_models.codecs.bank import posterior
from gensc_models.codecs.bank.scales import LEVELS, TAIL_RATIO, scale_of_level, tail_weight


@pytest.mark.parametrize("level", [5.0, 20.0, 40.0])
def test_the_models_deviation_is_that_of_its_density(level: float) -> None:
    generator = torch.Generator().manual_seed(0)
    at = torch.tensor(level)
    wide = torch.rand(400_000, generator=generator) < tail_weight(at)
    drawn = torch.randn(400_000, generator=generator) * scale_of_level(at)
    drawn[wide] *= TAIL_RATIO
    assert float(drawn.std()) == pytest.approx(float(posterior.model_deviation(at)), rel=0.01)


@pytest.mark.parametrize("deviation", [0.02, 0.3, 1.0, 30.0])
def test_what_a_quantiser_leaves(deviation: float) -> None:
    generator = torch.Generator().manual_seed(1)
    drawn = torch.randn(400_000, generator=generator) * deviation
    values = drawn.round()
    told = posterior.of_quantised(values, torch.full_like(drawn, deviation))
    for zero in (True, False):
        part = (values == 0) == zero
        if part.sum() > 1000 and (zero or deviation >= 1.0):
            centre = drawn[part] - values[part]
            error = float(centre.square().mean().sqrt())
            # The dead zone of the encoder is wider than the rounding drawn here.
            assert error == pytest.approx(float(told[part].mean()), rel=0.35)


def test_classes_carry_their_deviation() -> None:
    generator = torch.Generator().manual_seed(2)
    level = torch.randint(0, LEVELS, (1000,), generator=generator)
    values = torch.randint(-1, 2, (1000,), generator=generator).float()
    spread = posterior.model_deviation(torch.arange(LEVELS).float())
    classes, table = posterior.classes(level, values, spread)
    assert len(table) == 2 * LEVELS
    torch.testing.assert_close(table[classes], posterior.of_quantised(values, spread[level]))
