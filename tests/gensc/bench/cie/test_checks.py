"""What the checks of `gensc bench cie` count: cliffs, broken order, leads and gains."""

import math

import pytest

from adapt_families import family
from gensc.bench.cie import adaptation, bank, distance, pictures
from gensc.bench.cie.plan import Plan


def value(checks, part):
    (check,) = (c for c in checks if part in c.name)
    return check.value


@pytest.fixture(scope="module")
def rows():
    return adaptation.measure(family(seed=1, images=4), Plan())


def test_a_family_of_a_bank_is_in_order_and_both_solvers_agree(rows):
    checks = list(adaptation.checks(rows))
    assert adaptation.ordered(family(seed=1, images=4)).value == 0
    assert value(checks, "exhaustive search in GVIF, capacity") <= 1.0
    assert value(checks, "exhaustive search in GVIF, burst") <= 1.0


def test_filtering_takes_the_cliff_away(rows):
    checks = list(adaptation.checks(rows))
    assert value(checks, "without filtering") == pytest.approx(100.0)
    assert value(checks, "with filtering") < 50.0
    assert value(checks, "mask PSNR, least") >= 30.0


def test_more_time_never_means_less_fidelity(rows):
    line = [r for r in rows if r["experiment"] == "latency" and r["scheme"] == "cie"]
    fidelity = [r["gvif_within_limits"] for r in sorted(line, key=lambda r: r["t_max_ms"])]
    assert fidelity == sorted(fidelity)
    assert all(r["latency_ms"] <= r["t_max_ms"] for r in line if r["in_time"])


def test_the_largest_fall_is_relative_and_ignores_what_never_rose():
    line = [(-2, 0.0), (-1, 0.0), (0, 0.2), (1, 0.4), (2, 0.5)]
    rows = [{"snr_db": snr_db, "gvif_within_limits": gvif} for snr_db, gvif in line]
    assert adaptation.largest_fall(rows) == pytest.approx(100.0)
    assert adaptation.largest_fall(rows[2:]) == pytest.approx(50.0)
    assert math.isnan(adaptation.largest_fall([]))


def rate_row(scheme, level, bpp, psnr):
    return {"experiment": "rate-distortion", "scheme": scheme, "level": level, "bpp": bpp,
            "psnr": psnr, "excess": -0.004}  # fmt: skip


def test_the_lead_over_jpeg_2000_is_the_least_of_all_points():
    rows = [
        rate_row("hyperprior", 1, 1.0, 36.0), rate_row("jpeg2000", 1, 1.0, 35.0),
        rate_row("hyperprior", 9, 0.25, 30.0), rate_row("jpeg2000", 9, 0.25, 30.5),
    ]  # fmt: skip
    checks = list(bank.checks(rows, "two photos"))
    assert value(checks, "least lead") == -0.5
    assert value(checks, "likelihood") == pytest.approx(0.4)
    # Linear in the logarithm of the rate: half-way between 0.25 and 1.
    curve = [(0.25, 30.0), (1.0, 36.0)]
    assert bank.psnr_at(curve, 0.5) == pytest.approx(33.0)
    assert math.isnan(bank.psnr_at(curve, 0.1))


def test_gains_are_those_of_each_image_at_that_snr():
    rows = [
        {"image": image, "snr_db": snr_db, "scheme": scheme, "mask_psnr": db}
        for image, snr_db, *values in (
            ("a", -1.0, 33.0, 25.0), ("a", 6.0, 40.0, 39.0), ("b", -1.0, 31.0, 29.0)
        )
        for scheme, db in zip(("cie", "codec without filtering"), values, strict=True)
    ]  # fmt: skip
    checks = list(pictures.checks(rows))
    assert value(checks, "no filtering, largest") == 8.0
    assert value(checks, "no filtering, mean") == 5.0
    assert math.isnan(value(checks, "JPEG 2000"))


def test_a_distance_that_rises_with_gvif_is_counted():
    rows = [
        {"experiment": "distance", "scheme": distance.CIE, "metric": "m", "gvif": g, "distance": d}
        for g, d in ((1.0, 1.0), (0.2, 3.0), (0.5, 4.0), (0.0, 9.0))
    ]
    assert value(distance.checks(rows), "Figure 11b") == 1


def test_a_crash_is_told_and_not_met(monkeypatch):
    def crash(bank, count, seed):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("gensc_models.codecs.bank.fuzz.fuzz", crash)
    result = bank.damaged(None, 10, 1)
    assert value(result.checks, "crash") == 0
    assert result.checks[0].reference == result.rows[0]["crash"] == "ZeroDivisionError: by zero"
    assert not any(check.met for check in result.checks)
