"""Points of the comparison: how they are scored, and how they are found again."""

import numpy as np
import pytest

from gensc.bench.gsc.points import Point, Points
from gensc_models.metrics.fidelity import psnr, reduced_ms_ssim
from gsc_weights import pictures


def noisy(images, size, seed=0):
    noise = np.random.default_rng(seed).integers(-size, size + 1, images.shape)
    return np.clip(images + noise, 0, 255).astype(np.uint8)


def test_psnr_is_per_image_and_that_of_the_mean_error_is_beside_it():
    originals = pictures(2)
    shown = np.stack([noisy(originals[0], 2), noisy(originals[1], 40)])
    point = Point("cifar", "gsc", "awgn", 128, 5.0, symbols=512)
    point.add(originals, shown)
    single = [psnr(a, b) for a, b in zip(originals, shown, strict=True)]
    row = point.as_row()
    assert row["psnr"] == pytest.approx(np.mean(single))
    assert row["psnr_std"] == pytest.approx(np.std(single))
    mse = np.mean((originals.astype(float) - shown) ** 2)
    assert row["psnr_of_mean_mse"] == pytest.approx(10 * np.log10(255**2 / mse))
    assert row["psnr_of_mean_mse"] < row["psnr"] - 5
    similar = [reduced_ms_ssim(a, b) for a, b in zip(originals, shown, strict=True)]
    assert row["ms_ssim"] == pytest.approx(np.mean(similar))
    assert (row["images"], row["cbr"], row["lpips"]) == (2, pytest.approx(1 / 6), None)


def test_an_image_without_any_error_leaves_the_mean_finite():
    point = Point("cifar", "gsc", "awgn", 128, 5.0)
    point.add(pictures(1), pictures(1))
    assert point.psnr == pytest.approx(58.92, abs=0.01)


def test_lpips_is_kept_where_it_can_be_computed():
    point = Point("cifar", "gsc", "awgn", 128, 5.0)
    point.add(pictures(2), pictures(2), lambda a, b: np.array([0.25, 0.75]))
    assert point.as_row()["lpips"] == 0.5


def test_points_are_made_once_and_found_by_coordinates_in_order_of_snr():
    points = Points()
    for snr_db in (7, 0, 15):
        points.at("cifar", "gsc", "awgn", 128, snr_db)
    points.at("cifar", "ngf", "awgn", 128, 0)
    points.at("mu", "gsc", "awgn", 128, 3, "zf", 1)
    assert points.at("cifar", "gsc", "awgn", 128, 7) is points.at("cifar", "gsc", "awgn", 128, 7)
    assert [p.snr_db for p in points.of("cifar", scheme="gsc")] == [0, 7, 15]
    assert [p.user for p in points.of("mu", separation="zf")] == [1]
    assert len(list(points)) == 5
