"""The ways in which a decoder's latents are known badly: what is told is what is true."""

import pytest
import torch

from gensc_models.codecs.bank.network import Coded
from gensc_models.codecs.bank.posterior import model_deviation
from gensc_models.codecs.bank.scales import LEVELS
from gensc_models.training.uncertainty import (
    Draw,
    Drawer,
    Shares,
    known,
    matching_position,
)

SPREAD = model_deviation(torch.arange(LEVELS).float())


def coded(seed: int = 0) -> Coded:
    """Latents that are as their levels say, nothing masked."""
    generator = torch.Generator().manual_seed(seed)
    level = torch.randint(0, 40, (1, 768, 8, 8), generator=generator)
    latents = torch.randn(level.shape, generator=generator) * SPREAD[level]
    means = torch.ones_like(latents)
    sent = torch.ones_like(level, dtype=torch.bool)
    bits = torch.tensor([500.0])
    return Coded(latents, means, latents.round(), level.float(), sent, bits, bits)


def error_of(draw: Draw) -> tuple[float, float]:
    """Mean square error of the estimates, and what the deviations say of it."""
    it = coded()
    estimate, deviation = known(it, SPREAD, [draw], torch.Generator().manual_seed(1))
    error = (estimate - it.latents - it.means).square().mean()
    return float(error), float(deviation.square().mean())


@pytest.mark.parametrize(
    "draw",
    [
        Draw("quantised", 0.0),
        Draw("lost", 0.0),
        Draw("analog", 0.0, 10.0, 1 / 12),
        Draw("analog", 0.0, 0.0, 1 / 24),
        Draw("analog", 0.0, 10.0, 1 / 12, uneven=True),
        Draw("analog", 0.0, 10.0, 1 / 12, surprise_db=-6.0),
        Draw("hybrid", 0.0, 10.0, 1 / 6),
    ],
    ids=str,
)
def test_the_deviation_is_that_of_the_error(draw: Draw) -> None:
    error, told = error_of(draw)
    assert told == pytest.approx(error, rel=0.15)


def test_symbols_help() -> None:
    quantised, _ = error_of(Draw("quantised", 0.0))
    hybrid, _ = error_of(Draw("hybrid", 0.0, 10.0, 1 / 6))
    poor, _ = error_of(Draw("analog", 0.0, 0.0, 1 / 48))
    good, _ = error_of(Draw("analog", 0.0, 20.0, 1 / 6))
    assert hybrid < quantised
    assert good < poor


def test_ways_are_drawn_as_often_as_asked() -> None:
    shares = Shares(lost=0.1, analog=0.4, hybrid=0.2)
    draws = Drawer(shares, -2.0, seed=3).batch(4000)
    counts = {kind: sum(d.kind == kind for d in draws) / 4000 for kind in
              ("quantised", "lost", "analog", "hybrid")}  # fmt: skip
    expected = {"quantised": 0.3, "lost": 0.1, "analog": 0.4, "hybrid": 0.2}
    assert counts == pytest.approx(expected, abs=0.03)
    assert all(-2.0 <= d.position <= 1.0 for d in draws)


def test_digital_positions_cover_the_range_evenly() -> None:
    nothing_else = Shares(lost=0.0, analog=0.0, hybrid=0.0)
    drawn = [d.position for d in Drawer(nothing_else, -2.0, seed=0).batch(8)]
    assert sorted(int((p + 2.0) / 3.0 * 8) for p in drawn) == list(range(8))


def test_finer_channels_get_finer_priors() -> None:
    by_snr = [matching_position(1 / 24, snr, -2.0) for snr in (-5.0, 5.0, 20.0)]
    by_cbr = [matching_position(cbr, 7.0, -2.0) for cbr in (1 / 96, 1 / 24, 1 / 6)]
    assert by_snr == sorted(by_snr)
    assert by_cbr == sorted(by_cbr)
    assert matching_position(1 / 24, 99.0, -2.0) == 1.0
    assert matching_position(1 / 999, -9.0, -2.0) == -2.0
