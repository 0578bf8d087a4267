"""measure: what `gensc bench radio` says of bursts it knows everything about."""

from dataclasses import replace

import numpy as np
import pytest

from gensc.bench.radio.cases import cases
from gensc.bench.radio.run import run
from gensc.experiment.output import as_object
from gensc.experiment.waveform.hostile import Case, Tally, make_signal, measure
from gensc_phy import Burst, WaveformConfig
from gensc_phy.channel.config import ChannelConfig

CFG = WaveformConfig(max_payload_symbols=20)
CASE = Case("a group", "a case", ChannelConfig(snr_db=10.0))


def received(signal, error_db, reported_db, seed=0):
    """A burst as a receiver might give it, with errors of known size."""
    rng, n = np.random.default_rng(seed), len(signal.payload)
    noise = (rng.standard_normal((n, 2)) @ [1, 1j]) * np.sqrt(10 ** (error_db / 10) / 2)
    return Burst(
        header=signal.header,
        symbols=(signal.payload + noise).astype(np.complex64),
        noise_var=np.full(n, 10 ** (reported_db / 10), np.float32),
        snr_db=10.0, cfo_hz=0.0, start=0, noise_power=0.1,
        channel=np.ones(CFG.occupied, np.complex64), metric=1.0, sampling_offset_ppm=0.0,
    )  # fmt: skip


def row_of(error_db, reported_db, genie_db=-10.0, erased=0):
    signal = make_signal(CFG)
    tally = Tally(CFG, signal)
    for seed in range(20):
        burst = received(signal, error_db, reported_db, seed)
        burst.noise_var[len(burst.noise_var) - erased :] = np.inf
        tally.add(burst, np.full(len(signal.payload), 10 ** (genie_db / 10)), 10**6)
    return tally.row(CASE, 20)


@pytest.mark.parametrize("excess", [0.0, 3.0])
def test_the_loss_is_the_error_over_the_genies(excess):
    row = row_of(-10.0 + excess, -10.0 + excess)
    assert row["loss_db"] == pytest.approx(excess, abs=0.1)
    assert row["calibration_db"] == pytest.approx(0.0, abs=0.1)
    assert abs(row["worst_carrier_db"]) < 1.0
    assert row["success_percent"] == row["called_good_percent"] == 100


@pytest.mark.parametrize("off", [-4.0, 6.0])
def test_a_variance_that_is_too_small_is_overconfident(off):
    assert row_of(-10.0, -10.0 - off)["calibration_db"] == pytest.approx(off, abs=0.1)


def test_believing_a_wrong_variance_costs_a_decoder():
    assert row_of(-3.0, -3.0, -3.0)["decoder_loss_db"] == pytest.approx(0.0, abs=0.1)
    assert row_of(-3.0, -20.0, -3.0)["decoder_loss_db"] > 1.0


def test_erasures_are_not_called_good_and_cost_no_loss():
    row = row_of(-10.0, -10.0, erased=96)
    assert row["called_good_percent"] == pytest.approx(100 * (1 - 96 / CFG.max_payload))
    assert row["loss_db"] == pytest.approx(0.0, abs=0.1)


def test_the_receiver_is_near_the_bound_in_noise_and_both_bursts_are_found_around_a_drop():
    row = measure(CASE, 4, CFG)
    assert row["success_percent"] == 100
    assert -0.2 < row["loss_db"] < 1.0
    assert row["next_percent"] is None
    assert measure(replace(CASE, dropped=5), 2, CFG)["next_percent"] == 100


def test_every_case_of_the_table_has_a_name_of_its_own_and_something_asked_of_it():
    named = [(c.group, c.name) for c in cases(WaveformConfig())]
    assert len(set(named)) == len(named) > 25
    assert all(c.least for c in cases(WaveformConfig()) if c.name != "8 subcarriers")


def test_the_benchmark_measures_the_cases_it_is_asked_for():
    result = run(quick=True, only="awgn")
    assert [r["case"] for r in result.rows] == ["3 dB", "10 dB", "20 dB"]
    assert all(r["success_percent"] == 100 for r in result.rows)
    assert {"stock_percent", "loss_db"} <= set(result.rows[0])
    checks = as_object(result, quick=True, seconds=1.0)["checks"]
    assert len(checks) == 9
    assert "worst of all cases" in checks[-2]["name"]
