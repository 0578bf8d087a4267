"""The probe says when a sample came, and what the spectrum is."""

from __future__ import annotations

import time

import numpy as np
import pytest

from gensc.receiver.bus import MOST_BINS
from gensc.receiver.probe import SampleProbe


def feed(probe, samples):
    out = np.zeros_like(samples)
    assert probe.work([samples], [out]) == samples.size
    assert np.array_equal(out, samples)


@pytest.fixture
def tone():
    return np.exp(2j * np.pi * 0.25 * np.arange(16 * MOST_BINS)).astype(np.complex64)


def test_a_sample_came_when_its_piece_did(tone):
    probe = SampleProbe()
    before = time.perf_counter()
    feed(probe, tone[:100])
    between = time.perf_counter()
    feed(probe, tone[:50])
    assert before <= probe.came_at(0) == probe.came_at(99) <= between <= probe.came_at(100)
    assert probe.came_at(149) is not None
    assert probe.came_at(150) is None


def test_times_of_long_ago_are_forgotten_and_not_made_up(tone):
    probe = SampleProbe()
    for _ in range(5000):
        feed(probe, tone[:1])
    assert probe.came_at(0) is None
    assert probe.came_at(4999) is not None


def test_a_tone_is_where_it_is_and_has_its_power(tone):
    probe = SampleProbe()
    assert probe.spectrum_db() is None
    feed(probe, tone)
    db = probe.spectrum_db()
    assert int(np.argmax(db)) == MOST_BINS // 2 + MOST_BINS // 4
    assert 10 * np.log10(np.sum(10 ** (db / 10))) == pytest.approx(0.0, abs=0.1)
    assert probe.spectrum_db() is None  # nothing new since
