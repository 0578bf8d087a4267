"""What to send for a latent: its error against its bits."""

import torch

from gensc_models.codecs.bank import scales
from gensc_models.codecs.bank.decisions import decide


def test_decisions_weigh_error_against_bits() -> None:
    residual = torch.linspace(-3.0, 3.0, 240).view(1, 1, 1, -1)
    levels = torch.full_like(residual, 12.0)
    gain, best = torch.ones(1, 1, 1, 1), {}
    for multiplier in (1e-6, 10.0, 1e6):
        chosen = decide(residual, levels, gain, torch.tensor([multiplier]))
        assert (chosen.abs() <= residual.abs() + 0.5).all()
        assert (chosen * residual >= 0).all()
        cost = multiplier / 3.0 * (chosen - residual).square()
        plain = multiplier / 3.0 * (residual.round() - residual).square()
        before, after = (scales.latent_bits(x, levels) for x in (residual.round(), chosen))
        saved = before - after
        assert (cost - plain <= 0.8 * saved + 1e-4 * multiplier).all()
        best[multiplier] = chosen
    torch.testing.assert_close(best[1e6], residual.round())
    assert best[1e-6].abs().sum() < best[10.0].abs().sum() < best[1e6].abs().sum()
