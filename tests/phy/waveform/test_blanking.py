import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_phy.channel.impairments import complex_noise
from gensc_phy.waveform.blanking import Blanker
from waveform import burst, silence


def through(samples: np.ndarray, pieces: int = 1, streams: tuple[int, ...] = ()):
    blanker = Blanker(streams)
    parts = np.array_split(samples, pieces, axis=-1)
    out = [blanker.process(part) for part in parts] + [blanker.flush()]
    return np.concatenate(out, axis=-1), blanker


@given(seed=st.integers(0, 50), pieces=st.integers(1, 400))
@settings(max_examples=25, deadline=None)
def test_how_the_stream_is_cut_does_not_matter(seed, pieces):
    rng = np.random.default_rng(seed)
    noise = complex_noise(1000 + seed, 1.0, rng)
    noise[rng.integers(0, len(noise), 20)] *= 40
    whole, a = through(noise)
    cut, b = through(noise, pieces)
    assert np.array_equal(whole, cut)
    assert a.blanked == b.blanked > 10


@pytest.mark.parametrize("spike", [30.0, 1e4, 1e12])
def test_spikes_of_any_size_are_taken_out_and_nothing_else(spike):
    samples = complex_noise(100_000, 1.0, np.random.default_rng(1))
    hit = np.arange(777, 100_000, 777)
    struck = samples.copy()
    struck[hit] += spike
    got, blanker = through(struck)
    assert np.all(got[hit] == 0)
    assert blanker.blanked <= len(hit) + 1
    assert np.array_equal(np.delete(got, hit), np.delete(struck, hit)) or blanker.blanked > len(hit)


@pytest.mark.parametrize("before", [190, 191, 225, 255])
def test_the_beginning_and_the_end_of_a_burst_are_no_spikes(before):
    samples, _ = burst(480, before=before)
    quiet = samples + complex_noise(len(samples), 1e-6, np.random.default_rng(2))
    got, blanker = through(quiet)
    assert blanker.blanked == 0
    assert np.array_equal(got, quiet)
    assert through(samples)[1].blanked == 0


def test_levels_do_not_matter_and_silence_stays_silent():
    noise = complex_noise(10_000, 1.0, np.random.default_rng(3))
    noise[5000] = 100
    counts = [through(noise * np.float32(s))[1].blanked for s in (1e-12, 1.0, 1e12)]
    assert counts == [1, 1, 1]
    assert not through(silence(1000))[0].any()


def test_every_antenna_is_judged_on_its_own():
    noise = complex_noise(4000, 1.0, np.random.default_rng(4)).reshape(2, 2000)
    noise[1] *= 1e-3
    noise[1, 900] = 1.0
    got, blanker = through(noise, 3, (2,))
    assert blanker.blanked == 1
    assert got[1, 900] == 0
