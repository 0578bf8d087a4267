"""Torch-only sweeps: perfect channel knowledge, repeatable, PSNR that follows the SNR."""

import numpy as np
import pytest

from gensc.data.images import fit, load_image
from gensc.data.samples import caption_of
from gensc.experiment.simulate import Sweep, run_sweep
from gensc.link.schemes import load_scheme
from gensc.link.torch_channel import transmit
from gensc.system import codecs
from small_refiner import store


@pytest.fixture(scope="module")
def photo():
    return fit(load_image("skimage:coffee"), 64, 96)


@pytest.fixture(scope="module")
def scheme():
    return load_scheme("softcast")


def test_sweep_runs_the_product_of_its_points(scheme, photo):
    sweep = Sweep(["awgn", "rayleigh-fast"], [0, 10], [16, 64], seed=1, repeat=2)
    results = list(run_sweep(scheme, "coffee", photo, sweep))
    assert len(results) == len(sweep) == 16
    assert {(r.channel, r.snr_db, r.symbols.analog, r.seed) for r in results} == {
        (c, s, 24 * r, n) for c in sweep.channels for s in (0, 10) for r in (16, 64) for n in (1, 2)
    }


def test_results_say_that_the_channel_was_known(scheme, photo):
    (result,) = run_sweep(scheme, "coffee", photo, Sweep(["awgn"], [10], [32]))
    assert (result.via, result.csi) == ("torch", "perfect")
    assert result.symbols.overhead == 0


def test_quality_rises_with_the_snr(scheme, photo):
    psnr = [
        r.metrics["psnr"]
        for r in run_sweep(scheme, "coffee", photo, Sweep(["awgn"], [0, 10, 20], [64]))
    ]
    assert psnr == sorted(psnr)
    assert psnr[-1] > psnr[0] + 3


def test_same_seed_gives_the_same_picture(scheme, photo):
    first, second = (transmit(scheme.codec, photo, "awgn", 32, 5, seed=4)[0] for _ in range(2))
    assert np.array_equal(first, second)


def test_without_noise_there_is_no_snr(scheme, photo):
    (result,) = run_sweep(scheme, "coffee", photo, Sweep(["none"], [10], [32]))
    assert result.as_dict()["snr_db"] is None


def test_a_sweep_computes_the_metrics_it_is_told(scheme, photo, monkeypatch):
    monkeypatch.setattr(
        "gensc_models.metrics.lpips.load_lpips", lambda: lambda a, b: np.array([0.25])
    )
    (psnr,) = run_sweep(scheme, "coffee", photo, Sweep(["awgn"], [10], [32], effort="psnr"))
    assert psnr.metrics.keys() == {"psnr"}
    sweep = Sweep(["awgn"], [10], [32], effort="perceptual")
    (judged,) = run_sweep(scheme, "coffee", photo, sweep)
    assert judged.metrics.keys() >= {"psnr", "ssim", "lpips", "brisque"}
    assert "no caption" in judged.reasons["clip_score"]


def test_photos_of_scikit_image_have_a_caption_and_other_pictures_none():
    assert "espresso" in caption_of("skimage:coffee")
    assert caption_of("coffee") is caption_of("skimage:nothing") is None


def test_small_pictures_say_why_ms_ssim_is_missing(scheme, photo):
    (result,) = run_sweep(scheme, "coffee", photo, Sweep(["awgn"], [10], [32]))
    assert "176 pixels" in result.as_dict()["not_computed"]["ms_ssim"]


def test_a_refined_line_follows_that_of_the_received_picture(scheme, photo, tmp_path):
    refiner = codecs.load_refiner(str(store(tmp_path)))
    results = list(run_sweep(scheme, "coffee", photo, Sweep(snrs_db=[0, 10]), refiner))
    assert [(r.snr_db, r.scheme) for r in results] == [
        (0, "softcast"), (0, "softcast+small-refiner"),
        (10, "softcast"), (10, "softcast+small-refiner"),
    ]  # fmt: skip
    for received, refined in zip(results[::2], results[1::2], strict=True):
        assert refined.refiner.id == "small-refiner"
        assert refined.metrics["psnr"] != received.metrics["psnr"]
        assert refined.latency_ms.keys() - received.latency_ms.keys() == {"refine"}
        picture = transmit(scheme.codec, photo, "awgn", 32, received.snr_db, seed=1)[0]
        better = refiner[0].refine(picture, received.snr_db)
        mse = np.mean((better.astype(float) - photo) ** 2)
        assert refined.metrics["psnr"] == pytest.approx(10 * np.log10(255**2 / mse))
