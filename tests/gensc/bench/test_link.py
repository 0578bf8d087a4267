"""`gensc bench link` on the smallest amount of work: every part is there and within its bounds."""

import math

import pytest

from gensc.bench import link
from gensc.experiment.rows import of
from gensc.experiment.waveform.steady import bursts_without_gaps, evm, noise_only


@pytest.fixture(scope="module")
def result():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(link, "QUICK", link.Size(3, 2, 2, 200_000, 4, 1))
        yield link.run(True)


def test_every_part_is_measured_checked_and_drawn(result):
    assert {r["what"] for r in result.rows} == {
        "detection", "noise", "evm", "papr", "flowgraph speed", "receiver speed"
    }  # fmt: skip
    assert set(result.figures) == {"detection", "evm"}
    assert len(result.checks) == 11
    assert all(math.isfinite(check.value) for check in result.checks)
    assert len(result.tables) == 6


def test_ours_finds_every_burst_where_it_should_and_shares_are_shares(result):
    found = of(result.rows, what="detection")
    shares = [r[k] for r in found for k in ("ours", "stock_0.9", "stock_0.4")]
    assert all(0 <= share <= 1 for share in shares)
    assert all(r["ours"] == 1 for r in found if r["snr_db"] >= 5)


def test_bursts_without_gaps_are_all_found():
    assert bursts_without_gaps(5, seed=3)["ours"] == 1


def test_the_error_stays_near_its_bound_and_is_reported_rightly():
    row = evm(15.0, "three-tap", 3, seed=2)
    assert 0 < row["excess_db"] < 1
    assert abs(row["snr_bias_db"]) < 0.5
    assert 0.8 < row["noise_var_ratio_min"] <= row["noise_var_ratio_max"] < 1.25


def test_noise_alone_is_no_burst():
    row = noise_only(300_000, seed=4)
    assert (row["samples"], row["false_bursts"]) == (300_000, 0)
