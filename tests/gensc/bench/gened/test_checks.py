"""The acceptance list of GenED-SC: what every line computes; what is missing is not met."""

import math

import pytest

from gened_sets import TITLE, point
from gensc.bench.gened.checks import all_checks
from gensc.bench.gened.quality import PUBLISHED, published
from gensc.bench.gened.schemes import EDITED, GENED, SINGLE, SWIN


def measured(channels, lead=1.0, via="torch"):
    """Ours at 20 dB + SNR, the others `lead` below but for one point where they are level."""
    points = []
    for channel in channels:
        for snr_db in (0, *PUBLISHED):
            ours = 20.0 + snr_db
            theirs = ours if (channel, snr_db) == ("awgn", 4.0) else ours - lead
            points += [
                point(GENED, channel, 32, snr_db, ours, via=via),
                point(EDITED, channel, 32, snr_db, ours, via=via, brisque=20.0),
                point(SINGLE, channel, 32, snr_db, ours - 2 * lead, via=via),
                point(SWIN, channel, 32, snr_db, theirs, via=via, brisque=30.0),
            ]
    return points


def by_name(points=(), rows=(), strip=10):
    return {check.name: check for check in all_checks(list(points), list(rows), TITLE, strip)}


def test_the_least_lead_counts_and_the_reference_says_at_how_many_points():
    checks = by_name(measured(("awgn", "rayleigh")))
    level = checks["foreground PSNR over SwinJSCC, torch, AWGN, least over all points"]
    assert level.value == pytest.approx(0.0)
    assert "above at 4 of 5 points" in level.reference
    single = checks["foreground PSNR over the single branch, torch, AWGN, least over all points"]
    assert single.value == pytest.approx(2.0)


def test_figures_of_another_data_set_do_not_count():
    points = measured(("awgn",))
    points.append(point(GENED, "awgn", 64, 0, 10.0, dataset="another"))
    points.append(point(SWIN, "awgn", 64, 0, 20.0, dataset="another"))
    name = "foreground PSNR over SwinJSCC, torch, AWGN, least over all points"
    assert by_name(points)[name].value == pytest.approx(0.0)


def test_lost_images_are_counted_for_every_scheme():
    flowgraph = measured(("awgn",), via="flowgraph")
    flowgraph += [point(s, "awgn", 16, 0, 10.0, lost=1, via="flowgraph") for s in (GENED, SWIN)]
    check = by_name(flowgraph)["images lost through GNU Radio"]
    assert check.value == pytest.approx(100 / 6)
    assert "swinjscc 1" in check.reference


def test_brisque_is_better_where_it_is_lower():
    check = by_name(measured(("awgn",)))["BRISQUE, edited less SwinJSCC, mean over all points"]
    assert (check.value, check.met) == (-10.0, True)


def test_swinjscc_stands_beside_its_published_figure():
    points = measured(("awgn",))
    check = by_name(points, list(published(points, TITLE)))
    name = "SwinJSCC trained here at {} dB, CBR 1/24, PSNR less {} dB"
    # The whole image is 1 dB below the foreground here.
    assert check[name.format(7, "30.79")].value == pytest.approx(27.0 - 1.0 - 1.0 - 30.79)
    assert not check[name.format(7, "30.79")].met


def test_unequal_symbols_are_noticed():
    points = measured(("awgn",))
    points.append(point(SWIN, "awgn", 64, 0, 20.0, symbols=90.0))
    points.append(point(GENED, "awgn", 64, 0, 20.0, symbols=100.0))
    check = by_name(points)["symbols, largest difference between schemes at a point, torch"]
    assert (check.value, check.met) == (10.0, False)


def test_importance_ablations_counts_and_times_come_from_their_rows():
    rows = [
        {
            "experiment": "importance",
            "dataset": TITLE,
            "name": n,
            "iou": i,
            "f_measure": i + 0.1,
            "images": 9,
        }
        for n, i in (("learned", 0.5), ("centre prior", 0.4), ("spectral residual", 0.3))
    ]
    rows += [
        {"experiment": "ablation", "snr_db": 4.0, "scheme": s, "foreground_psnr": v}
        for s, v in (("full", 25.0), ("swin-both", 24.5))
    ]
    rows.append({"experiment": "counts", "image": "mean", "size": "256x256", "total": 8192.0,
                 "text": 600.0})  # fmt: skip
    rows.append({"experiment": "speed", "scheme": GENED, "precision": "float32",
                 "encode_ms": 100.0, "decode_ms": 300.0})  # fmt: skip
    rows.append({"experiment": "selected patches", "selected": 0.25, "selected_ms": 5.0,
                 "all_ms": 20.0})  # fmt: skip
    checks = by_name(rows=rows)
    assert checks["predicted importance over centre prior, IoU"].value == pytest.approx(0.1)
    assert checks["predicted importance over spectral residual, F"].value == pytest.approx(0.2)
    swin = checks["full over swin-both, foreground PSNR at 4 dB, CBR 1/24"]
    assert swin.value == pytest.approx(0.5)
    assert checks["symbols of its caption, mean"].value == 600.0
    assert checks["encode 256x256, float32"].met
    assert not checks["decode 256x256, float32"].met
    saved = "time saved in the foreground branches by computing the selected patches alone"
    assert checks[saved].value == pytest.approx(75.0)


def test_what_was_not_measured_is_listed_and_not_met():
    missing = by_name(strip=1)
    assert missing.keys() == by_name(measured(("awgn", "rayleigh"))).keys()
    unknown = [c for c in missing.values() if c.name != "photos in the strip of Figure 11"]
    assert all(math.isnan(c.value) for c in unknown)
    assert not any(c.met for c in missing.values())
