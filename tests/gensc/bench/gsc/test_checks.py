"""The acceptance list: what every line computes, and that what is missing is not met."""

import math

import pytest

from gensc.bench.gsc.checks import DEEPJSCC_PSNR, all_checks, leads
from gensc.bench.gsc.schemes import DEEPJSCC, GSC, JPEG, NGF, SCALED_JPEG


def measured(gain_db=3.0):
    """GSC at 20 dB + SNR in both channels, everything else `gain_db` below."""
    rows = []
    for channel in ("awgn", "rayleigh"):
        for snr_db in (0.0, *DEEPJSCC_PSNR, 15.0):
            for scheme in (GSC, NGF, DEEPJSCC, JPEG, SCALED_JPEG):
                psnr = 20 + snr_db - (0 if scheme == GSC else gain_db)
                rows.append({
                    "experiment": "cifar", "scheme": scheme, "channel": channel, "rate": 128,
                    "snr_db": snr_db, "images": 2, "psnr": psnr, "psnr_of_mean_mse": psnr,
                    "ms_ssim": 0.9 if scheme == GSC else 0.8,
                })  # fmt: skip
    for separation, psnr in (("zf", 20.0), ("mmse", 22.0)):
        for user in range(3):
            for scheme, loss in ((GSC, 0.0), (DEEPJSCC, 1.5)):
                rows.append({
                    "experiment": "mu", "scheme": scheme, "channel": "rayleigh", "rate": 128,
                    "snr_db": 5.0, "separation": separation, "user": user,
                    "psnr": psnr - loss + user,
                })  # fmt: skip
    return rows


def by_name(rows):
    return {c.name: c for c in all_checks(rows)}


def test_lead_is_taken_snr_by_snr():
    assert leads(measured(2.5), JPEG, "awgn") == pytest.approx([2.5] * 6)


def test_gain_at_15_db_is_in_percent_of_psnr_beside_the_papers():
    check = by_name(measured(5.0))["GSC over DeepJSCC at 15 dB, AWGN, gain in PSNR"]
    assert check.value == pytest.approx(100 * 5 / 30)
    assert (check.target, check.unit, check.met) == (17.75, "%", False)


def test_deepjscc_may_be_better_than_its_reference_but_not_half_a_db_worse():
    checks = by_name(measured(0.0))
    at = "DeepJSCC at {} dB, AWGN, PSNR of the mean MSE less {} dB"
    assert checks[at.format(4, "26.41")].value == pytest.approx(24 - 26.41)
    assert not checks[at.format(4, "26.41")].met
    assert checks[at.format(13, "31.76")].value == pytest.approx(33 - 31.76)
    assert checks[at.format(13, "31.76")].met


def test_users_are_averaged():
    checks = by_name(measured())
    assert checks[
        "3×3: GSC, MMSE over ZF, mean over the users, least over all SNRs"
    ].value == pytest.approx(2)
    assert checks[
        "3×3: GSC over DeepJSCC, Rayleigh, MMSE, mean over the users, least over all SNRs"
    ].value == pytest.approx(1.5)


def test_flowgraph_counts_by_its_largest_difference_either_way():
    rows = [
        {"experiment": "flowgraph", "channel": "awgn", "scheme": GSC, "difference": d}
        for d in (0.2, -0.4)
    ]
    name = "GSC through GNU Radio against torch at equal measured SNR, AWGN, largest"
    assert by_name(measured() + rows)[name].value == pytest.approx(0.4)


def test_what_was_not_measured_is_listed_and_not_met():
    checks = list(all_checks([]))
    assert [c.name for c in checks] == [c.name for c in all_checks(measured())]
    assert all(math.isnan(c.value) and not c.met for c in checks)
