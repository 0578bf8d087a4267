"""interference and drops: signals of others, and samples that go missing."""

from itertools import pairwise

import numpy as np
import pytest

from gensc_phy.channel.drops import Drops
from gensc_phy.channel.interference import Impulses, Interferer

RATE = 1e6
SILENCE = np.zeros(1 << 18, np.complex64)


def spectrum(samples):
    rows = samples.reshape(-1, 1024)
    power = np.mean(np.abs(np.fft.fft(rows * np.hanning(1024), axis=1)) ** 2, axis=0)
    return np.fft.fftfreq(1024, 1 / RATE), power / power.sum()


@pytest.mark.parametrize("width_hz", [0.0, 50e3, 300e3])
def test_an_interferer_has_its_power_where_it_is_said_to_be(width_hz):
    heard = Interferer(-10.0, 150e3, width_hz, RATE, np.random.default_rng(1)).process(SILENCE)
    assert 10 * np.log10(np.mean(np.abs(heard) ** 2)) == pytest.approx(-10.0, abs=0.3)
    at, share = spectrum(heard)
    inside = np.abs(at - 150e3) < max(width_hz / 2 * 1.3, 3e3)
    assert share[inside].sum() > 0.97
    # Half the power is lost at the edges: the flat part ends there.
    if width_hz:
        edge = np.abs(np.abs(at - 150e3) - width_hz / 2) < 1.5e3
        centre = np.abs(at - 150e3) < width_hz / 4
        assert share[edge].mean() / share[centre].mean() == pytest.approx(0.5, abs=0.15)


def test_an_interferer_comes_and_goes_by_its_duty():
    heard = Interferer(0.0, 0.0, 0.0, RATE, np.random.default_rng(1), 0.25, 1e-3)
    on = np.abs(heard.process(np.zeros(4_000_000, np.complex64))) > 0.5
    assert on.mean() == pytest.approx(0.25, abs=0.03)
    starts = np.flatnonzero(np.diff(on.astype(int)) == 1)
    assert on.sum() / len(starts) == pytest.approx(1000, rel=0.15)


def test_impulses_hit_as_often_and_as_hard_as_they_are_said_to():
    heard = Impulses(1e-2, 20.0, np.random.default_rng(1)).process(SILENCE)
    hit = np.abs(heard) > 0
    assert hit.mean() == pytest.approx(1e-2, rel=0.06)
    assert np.mean(np.abs(heard[hit]) ** 2) == pytest.approx(100.0, rel=0.06)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Interferer(0.0, 1e5, 5e4, RATE, np.random.default_rng(1), 0.5, 1e-3),
        lambda: Impulses(0.05, 0.0, np.random.default_rng(1)),
        lambda: Drops(300.0, 50, np.random.default_rng(1)),
    ],
)
def test_how_the_stream_is_cut_does_not_matter(make):
    samples = np.arange(5000, dtype=np.float32).astype(np.complex64)
    whole, pieces = make().process(samples), make()
    edges = [0, 1, 700, 701, 3500, 5000]
    got = [pieces.process(samples[a:b]) for a, b in pairwise(edges)]
    np.testing.assert_allclose(np.concatenate(got), whole, atol=1e-4)


def test_drops_lose_what_they_count_and_nothing_else():
    samples = np.arange(1_000_000, dtype=np.float32).astype(np.complex64)
    drops = Drops(5000.0, 200, np.random.default_rng(1))
    left = drops.process(samples).real
    assert len(left) + drops.lost == len(samples)
    jumps = np.diff(left)
    assert (jumps > 1).sum() == drops.events
    assert np.sum(jumps - 1) == drops.lost
    # So many of them, and so long, as was asked for.
    assert drops.events == pytest.approx(len(samples) / 5100, rel=0.2)
    assert drops.lost / drops.events == pytest.approx(100.5, rel=0.15)
