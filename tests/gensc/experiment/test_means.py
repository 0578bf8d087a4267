"""Means with intervals, the choice among settings, leads, tables."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc.experiment.means import interval, lead, leads, means, pivot


def row(image="a", psnr=30.0, scheme="x", **others):
    return {
        "image": image, "scheme": scheme, "channel": "awgn", "via": "torch", "rate": 32,
        "snr_db": 5.0, "seed": 1, "setting": "", "psnr": psnr, "received": True, "cbr": 1 / 24,
        "symbols": {"analog": 10, "digital": 2, "text": 0, "overhead": 5},
    } | others  # fmt: skip


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=40))
def test_the_interval_is_students(values):
    from scipy.stats import t

    mean, half = interval(values)
    low, high = t.interval(0.95, len(values) - 1, np.mean(values),
                           np.std(values, ddof=1) / math.sqrt(len(values)) or 1e-300)  # fmt: skip
    assert mean == pytest.approx(np.mean(values), abs=1e-9)
    assert half == pytest.approx((high - low) / 2, abs=1e-6)


def test_intervals_cover_the_mean_about_as_often_as_they_say():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(2000):
        mean, half = interval(rng.normal(3.0, 2.0, 6))
        hits += abs(mean - 3.0) <= half
    assert 0.93 < hits / 2000 < 0.97


def test_seeds_of_a_picture_are_one_sample():
    once = [row("a", 30.0), row("b", 34.0)]
    often = [row(r["image"], r["psnr"] + d, seed=s) for r in once for s, d in ((1, -1), (2, 1))]
    (first,), (second,) = means(once, ("psnr",)), means(often, ("psnr",))
    assert first["psnr"] == second["psnr"] == 32.0
    assert first["psnr_ci"] == pytest.approx(second["psnr_ci"])
    assert (second["images"], second["rows"]) == (2, 4)


def test_of_one_picture_the_interval_is_over_its_seeds_and_of_one_row_there_is_none():
    (one,) = means([row()], ("psnr",))
    assert one["psnr_ci"] is None
    (several,) = means([row(seed=s, psnr=30.0 + s) for s in (1, 2, 3)], ("psnr",))
    assert several["psnr_ci"] > 0


def test_lost_pictures_are_counted_and_missing_values_left_out():
    (point,) = means([row(), row("b", 10.0, received=False), row("c", None)], ("psnr", "lpips"))
    assert (point["psnr"], point["lost"], point["rows"]) == (20.0, 1, 3)
    assert point["lpips"] is None
    assert point["symbols"] == 12


def test_of_several_settings_the_one_best_on_average_counts():
    rows = [row(i, p, setting=s) for s, ps in (("2 dB", (10.0, 40.0)), ("8 dB", (28.0, 30.0)))
            for i, p in zip("ab", ps, strict=True)]  # fmt: skip
    (point,) = means(rows, ("psnr",))
    assert (point["setting"], point["psnr"], point["rows"]) == ("8 dB", 29.0, 2)
    falling = [r | {"lpips": 1.0 - r["psnr"] / 100} for r in rows]
    assert means(falling, ("lpips",), best_by="lpips")[0]["setting"] == "8 dB"


def test_leads_compare_picture_by_picture():
    rows = [row(i, 20.0 + 10 * n + d, scheme=s) for s, d in (("x", 0.0), ("y", 1.0))
            for n, i in enumerate("abcd")]  # fmt: skip
    (point,) = leads(rows, "x")
    assert (point["scheme"], point["lead"]) == ("y", 1.0)
    assert point["lead_ci"] == pytest.approx(0.0)
    assert lead(means(rows, ("psnr",)), "y", "x") == {("awgn", "torch", 32, 5.0): 1.0}


def test_a_table_has_a_line_per_index_and_says_how_many_were_lost():
    points = means([row(), row(scheme="y", received=False), row(snr_db=0.0)], ("psnr",))
    columns, lines = pivot(points, "snr_db", "scheme", "psnr")
    assert columns == {"x": "x", "y": "y", "y lost": "lost"}
    assert lines == [
        {"snr_db": 0.0, "x": 30.0},
        {"snr_db": 5.0, "x": 30.0, "y": 30.0, "y lost": "1/1"},
    ]


def test_a_line_of_a_table_may_be_named_by_several_columns():
    points = [{"user": u, "kind": k, "snr_db": s, "psnr": 10.0 * s + u}
              for k in ("zf", "mmse") for s in (1, 0) for u in (0, 1)]  # fmt: skip
    columns, lines = pivot(points, ("kind", "snr_db"), "user", "psnr")
    assert columns == {"0": "0", "1": "1"}
    assert lines[0] == {"kind": "mmse", "snr_db": 0, "0": 0.0, "1": 1.0}
    assert [(line["kind"], line["snr_db"]) for line in lines] == [
        ("mmse", 0), ("mmse", 1), ("zf", 0), ("zf", 1)
    ]  # fmt: skip
