"""The uplink of the benchmark: three ways through the same slots, and what it reports."""

import numpy as np
import pytest

from gensc.bench import mimo as bench
from gensc.link.uplink import WAYS, Conditions, Uplink, UserSection
from waveform import payload


@pytest.fixture(scope="module")
def sections():
    return [UserSection(payload(5000, k), 32, 256, 256, weights=1, aux=7) for k in range(3)]


def errors_db(streams, sections):
    return [
        10 * np.log10(np.mean(np.abs(stream.symbols - section.symbols) ** 2))
        for stream, section in zip(streams, sections, strict=True)
    ]


@pytest.mark.parametrize("separation", ["zf", "mmse"])
def test_the_three_ways_give_every_user_the_same_snr(sections, separation):
    at = Conditions(15.0, separation, seed=3)
    got = {way: Uplink().send(way, sections, at) for way in WAYS}
    for way, streams in got.items():
        for stream, error in zip(streams, errors_db(streams, sections), strict=True):
            assert stream.snr_db == pytest.approx(-error, abs=0.5), way
    for torch_one, numpy_one, block_one in zip(*got.values(), strict=True):
        assert numpy_one.snr_db == pytest.approx(torch_one.snr_db, abs=1.0)
        assert block_one.snr_db == pytest.approx(numpy_one.snr_db, abs=0.01)
        assert np.allclose(block_one.symbols, numpy_one.symbols, atol=1e-2)


@pytest.mark.parametrize("way", WAYS)
def test_of_a_silent_user_nothing_is_heard(sections, way):
    at = Conditions(15.0, "mmse", seed=3, gains_db=(0.0, 0.0, float("-inf")))
    assert [stream is not None for stream in Uplink().send(way, sections, at)] == [
        True,
        True,
        False,
    ]


def test_an_unknown_way_is_refused(sections):
    with pytest.raises(ValueError, match="way 'air': must be one of torch, numpy, flowgraph"):
        Uplink().send("air", sections, Conditions(15.0, "zf", 1))


def test_the_benchmark_answers_its_three_questions(monkeypatch):
    monkeypatch.setattr(bench, "QUICK", bench.Plan((15,), 1, (15,), 1, (15,), 1))
    monkeypatch.setattr(bench, "SIZE", (64, 64))
    result = bench.run(quick=True)
    assert {row["experiment"] for row in result.rows} == {"curve", "parity", "unequal"}
    assert set(result.figures) == {"psnr", "parity"}
    assert len(result.checks) == 10
    assert all(np.isfinite(check.value) for check in result.checks)
    silent = next(c for c in result.checks if c.name == "images received of a silent user")
    assert silent.value == 0
