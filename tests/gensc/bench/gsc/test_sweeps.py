"""Sweeps: how pictures are scored, which margin JPEG takes, and that batches change no figure."""

import numpy as np
import pytest

from gensc.bench.gsc import sweeps
from gensc.bench.gsc.schemes import CIFAR_SCHEMES, JPEG, SCALED_JPEG, load_systems
from gensc.experiment.means import means
from gensc.experiment.scheme import Picture
from gensc.experiment.schemes.codec import CodecScheme
from gensc.experiment.ways import load_way
from gensc_models import load_codec
from gensc_models.metrics.fidelity import psnr, reduced_ms_ssim
from gsc_weights import pictures, swin_codec

IMAGES = [Picture(f"p{i}", image) for i, image in enumerate(pictures(6))]
PLAN = sweeps.Plan(snrs_db=(5.0, 12.0))
SWEEP = sweeps.Sweeps(PLAN, sweeps.scored_by(None))


def score(originals, shown, perceptual=None):
    """Row of pictures shown as others."""
    named = [Picture(f"p{i}", image) for i, image in enumerate(originals)]
    scores = sweeps.scored_by(perceptual)(named, list(shown), sweeps.METRICS)
    rows = [
        {"image": p.name, "scheme": "x", "channel": "awgn", "rate": 128, "snr_db": 5.0, **metrics}
        for p, (metrics, _) in zip(named, scores, strict=True)
    ]
    (point,) = sweeps.quality(rows, "cifar")
    return point


def test_psnr_is_per_image_and_that_of_the_mean_error_is_beside_it():
    originals = pictures(2)
    noise = np.random.default_rng(0).integers(-1, 2, originals.shape)
    shown = np.clip(originals + noise * np.array([2, 40])[:, None, None, None], 0, 255)
    shown = shown.astype(np.uint8)
    point = score(originals, shown)
    assert point["psnr"] == pytest.approx(np.mean(list(map(psnr, originals, shown))))
    assert point["ms_ssim"] == pytest.approx(np.mean(list(map(reduced_ms_ssim, originals, shown))))
    mse = np.mean((originals.astype(float) - shown) ** 2)
    assert point["psnr_of_mean_mse"] == pytest.approx(10 * np.log10(255**2 / mse))
    assert point["psnr_of_mean_mse"] < point["psnr"] - 5
    assert (point["images"], point["lpips"]) == (2, None)


def test_an_image_without_any_error_leaves_the_mean_finite():
    assert score(pictures(1), pictures(1))["psnr"] == pytest.approx(58.92, abs=0.01)


def test_lpips_is_kept_where_it_can_be_computed():
    assert score(pictures(2), pictures(2), lambda a, b: np.array([0.25, 0.75]))["lpips"] == 0.5


@pytest.fixture(scope="module")
def tried():
    """JPEG alone: what the sweep chooses, and every margin on the same pictures."""
    systems = load_systems({name: CIFAR_SCHEMES[name] for name in (JPEG, SCALED_JPEG)})
    place = (sweeps.CHANNELS, (128,), PLAN.snrs_db)
    return (
        SWEEP.cifar(IMAGES, systems),
        SWEEP.rows(systems.digital, IMAGES, load_way("torch"), place, batch=6),
    )


def test_of_all_margins_the_best_one_is_taken_at_every_point(tried):
    chosen, rows = tried
    every = means(rows, ("psnr",), (*sweeps.POINT, "setting"))
    for point in chosen:
        here = [r["psnr"] for r in every if all(r[k] == point[k] for k in sweeps.POINT)]
        assert len(here) >= 5
        assert point["psnr"] == pytest.approx(max(here))


def test_jpeg_fills_its_symbols_and_smaller_sizes_never_harm(tried):
    points = {(p["scheme"], p["channel"], p["snr_db"]): p for p in tried[0]}
    assert len(points) == 8
    for (_, channel, snr_db), point in points.items():
        assert 450 < point["symbols"] <= 512
        assert point["cbr"] == pytest.approx(1 / 6)
        best = points[SCALED_JPEG, channel, snr_db]["psnr"]
        assert best >= points[JPEG, channel, snr_db]["psnr"] - 1.0


@pytest.mark.parametrize("name", ["swin", "softcast"])
def test_pictures_are_coded_together_as_each_would_be_alone(name):
    codec = swin_codec() if name == "swin" else load_codec("softcast")
    schemes, way = [CodecScheme(codec, name)], load_way("torch")
    place = (("awgn", "rayleigh"), (128,), (5.0,))
    alone = SWEEP.rows(schemes, IMAGES, way, place)
    together = SWEEP.rows(schemes, IMAGES, way, place, batch=3)
    psnrs = [{(r["image"], r["channel"]): r["psnr"] for r in rows} for rows in (alone, together)]
    assert psnrs[0].keys() == psnrs[1].keys()
    for key, value in psnrs[0].items():
        assert psnrs[1][key] == pytest.approx(value, abs=0.05)
