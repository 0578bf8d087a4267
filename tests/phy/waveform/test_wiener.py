import numpy as np
import pytest

from gensc_phy import WaveformConfig
from gensc_phy.channel.impairments import complex_noise
from gensc_phy.waveform import wiener
from gensc_phy.waveform.covariances import DELAY_SPREADS, DOPPLERS, delay_basis, time_basis
from gensc_phy.waveform.estimate import PRE_CURSOR
from gensc_phy.waveform.wiener import Observed, best_fit, fit

CFG = WaveformConfig()
N = 60


def scattered() -> np.ndarray:
    """Two whole symbols and the pilots of the others, [N, occupied]."""
    sent = np.zeros((N, CFG.occupied), dtype=np.complex64)
    sent[:2] = 1
    np.put_along_axis(sent[2:], CFG.scattered_pilots[: N - 2], 1, axis=1)
    return sent


def channel(rng: np.random.Generator, delays: list[float], doppler: float) -> np.ndarray:
    """Paths of equal power, each a sum of waves within the Doppler width; [N, occupied]."""
    m = np.arange(N)
    h = np.zeros((N, CFG.occupied), dtype=complex)
    for delay in delays:
        waves = np.exp(
            2j * np.pi * (np.outer(m, rng.uniform(-doppler, doppler, 40)) + rng.random(40))
        )
        turn = np.exp(-2j * np.pi * CFG.carriers * (PRE_CURSOR + delay) / CFG.fft_size)
        h += np.outer(waves.sum(axis=1) / np.sqrt(40 * len(delays)), turn)
    return h.astype(np.complex64)


def observe(h: np.ndarray, noise: float, rng: np.random.Generator) -> Observed:
    sent = scattered()
    received = h * sent + complex_noise(h.size, noise, rng).reshape(h.shape)
    return Observed.of(received, sent, np.float32(noise), 1.0)


@pytest.mark.parametrize("spread", range(len(DELAY_SPREADS)))
@pytest.mark.parametrize("doppler", range(len(DOPPLERS)))
def test_bases_have_unit_energy(spread, doppler):
    assert np.mean(np.sum(np.abs(delay_basis(CFG, spread)) ** 2, axis=1)) == pytest.approx(
        1, rel=1e-3
    )
    assert np.sum(time_basis(N, doppler) ** 2, axis=1) == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize(
    ("delays", "doppler"), [([0.0], 0.0), ([0.0, 1.3], 0.01), ([0.2, 1.5], 0.04), ([0, 5, 11], 0.0)]
)
def test_the_reported_error_is_the_error_made(delays, doppler):
    rng = np.random.default_rng(1)
    made, reported = [], []
    for _ in range(60):
        h = channel(rng, delays, doppler)
        found, _ = best_fit(observe(h, 0.03, rng), (1, 0), CFG)
        made.append(np.mean(np.abs(found.response - h) ** 2))
        reported.append(found.error.mean())
    assert np.mean(made) == pytest.approx(np.mean(reported), rel=0.35)


def test_the_likelihood_tells_still_from_moving_and_near_from_far():
    rng = np.random.default_rng(2)
    still = [
        best_fit(observe(channel(rng, [0.0], 0.0), 0.03, rng), (1, 1), CFG)[1] for _ in range(30)
    ]
    moving = [
        best_fit(observe(channel(rng, [0, 9.0], 0.03), 0.03, rng), (1, 1), CFG)[1]
        for _ in range(30)
    ]
    assert np.mean([doppler == 0 for _, doppler in still]) > 0.9
    assert np.mean([doppler >= 3 for _, doppler in moving]) > 0.9
    assert np.mean([spread for spread, _ in still]) < 1
    assert np.mean([spread for spread, _ in moving]) > 2.5


def test_what_is_not_known_is_not_looked_at():
    rng = np.random.default_rng(3)
    h = channel(rng, [0.0], 0.0)
    sent = scattered()
    received = np.where(sent != 0, h * sent, 1e3)
    found = fit(Observed.of(received, sent, np.float32(1e-4), 1.0), 1, 0, CFG)
    assert np.mean(np.abs(found.response - h) ** 2) < 1e-4


@pytest.mark.parametrize("model", [(0, 0), (3, 0), (1, 1), (0, 4)])
def test_compiled_loops_and_matrix_products_give_the_same_fit(monkeypatch, model):
    rng = np.random.default_rng(4)
    observed = observe(channel(rng, [0.0, 2.5], 0.01), 0.05, rng)
    compiled = fit(observed, *model, CFG)
    assert compiled.terms.size <= wiener._SMALL
    error = compiled.error
    monkeypatch.setattr(wiener, "_SMALL", 0)
    plain = fit(observed, *model, CFG)
    assert compiled.score == pytest.approx(plain.score, rel=1e-6)
    assert np.allclose(compiled.response, plain.response, atol=1e-5)
    assert np.allclose(error, plain.error, rtol=1e-3)


def test_next_to_no_noise_is_no_matter_of_rounding_errors():
    rng = np.random.default_rng(5)
    h = channel(rng, [0.0, 3.0], 0.02)
    sent = scattered()
    for model in [(2, 0), (4, 4)]:
        found = fit(Observed.of(h * sent, sent, np.float32(1e-9), 1.0), *model, CFG)
        assert np.isfinite(found.score)
        assert np.isfinite(found.error).all()


def test_what_was_summed_for_one_spread_serves_another():
    rng = np.random.default_rng(3)
    seen = observe(channel(rng, [0.0, 1.3], 0.02), 0.05, rng)
    fresh = Observed(seen.information, seen.matched, seen.total, seen.energy)
    for spread in range(len(DELAY_SPREADS)):
        # The first one has looked at every width before, with other spreads.
        for doppler in range(len(DOPPLERS)):
            again, once = (fit(o, spread, doppler, CFG) for o in (seen, fresh))
            fresh = Observed(seen.information, seen.matched, seen.total, seen.energy)
            assert np.array_equal(again.response, once.response)
            assert again.score == once.score
