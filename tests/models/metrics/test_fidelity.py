"""Image metrics against scikit-image."""

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.data import astronaut
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from gensc_models.metrics import fidelity as metrics
from gensc_models.metrics.fidelity import (
    MS_SSIM_WEIGHTS,
    mask_psnr,
    ms_ssim,
    ms_ssim_name,
    ms_ssim_scales,
    mse_each,
    psnr,
    psnr_of_mse,
    reduced_ms_ssim,
    reduced_ms_ssim_each,
    ssim,
)

Photo = NDArray[np.uint8]


def noisy_pair(height: int = 200, width: int = 230) -> tuple[Photo, Photo]:
    photo = astronaut()[:height, :width]
    noise = np.random.default_rng(2).normal(0, 15, photo.shape)
    return photo, np.clip(photo + noise, 0, 255).round().astype(np.uint8)


def reference_ssim(x: NDArray[np.float64], y: NDArray[np.float64], **options: float) -> float:
    return structural_similarity(
        x,
        y,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=255,
        **options,
    )


def test_psnr_agrees_with_scikit_image() -> None:
    x, y = noisy_pair()
    assert psnr(x, y) == pytest.approx(peak_signal_noise_ratio(x, y), abs=1e-9)


def test_mask_psnr_counts_the_pixels_of_the_mask_alone() -> None:
    x, y = noisy_pair()
    keep = np.zeros(x.shape[:2], bool)
    keep[20:60, 30:90] = True
    assert mask_psnr(x, y, keep) == pytest.approx(psnr(x[20:60, 30:90], y[20:60, 30:90]))
    assert mask_psnr(x, y, np.ones_like(keep)) == pytest.approx(psnr(x, y))
    assert mask_psnr(x, np.where(keep[..., None], x, y), keep) == float("inf")
    with pytest.raises(ValueError, match="mask is empty"):
        mask_psnr(x, y, np.zeros_like(keep))
    with pytest.raises(ValueError, match="mask must be bool"):
        mask_psnr(x, y, keep[1:])


def test_psnr_of_a_known_error() -> None:
    x = np.zeros((4, 5, 3), np.uint8)
    assert psnr(x, x + np.uint8(1)) == pytest.approx(48.1308, abs=1e-4)
    assert psnr(x, x) == float("inf")


def test_ssim_agrees_with_scikit_image() -> None:
    x, y = noisy_pair()
    assert ssim(x, y) == pytest.approx(reference_ssim(x, y, channel_axis=2), abs=1e-6)


def test_ms_ssim_agrees_with_single_scales_of_scikit_image() -> None:
    # With a huge K1 the luminance term is 1, which leaves the contrast-structure term.
    x, y = (image.astype(float) for image in noisy_pair())
    per_colour = []
    for colour in range(3):
        a, b, product = x[..., colour], y[..., colour], 1.0
        for scale, weight in enumerate(MS_SSIM_WEIGHTS):
            k1 = 0.01 if scale == 4 else 1e6
            product *= reference_ssim(a, b, K1=k1) ** weight
            rows, columns = a.shape[0] // 2 * 2, a.shape[1] // 2 * 2
            a, b = (
                p[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3))
                for p in (a, b)
            )
        per_colour.append(product)
    assert ms_ssim(*noisy_pair()) == pytest.approx(np.mean(per_colour), abs=1e-6)


def test_equal_images_score_one() -> None:
    photo, _ = noisy_pair()
    assert ssim(photo, photo) == pytest.approx(1.0)
    assert ms_ssim(photo, photo) == pytest.approx(1.0)


def test_images_too_small_for_a_metric_are_refused() -> None:
    small = np.zeros((175, 300, 3), np.uint8)
    with pytest.raises(ValueError, match="176"):
        ms_ssim(small, small)
    with pytest.raises(ValueError, match="11"):
        ssim(small[:10], small[:10])


def test_the_smallest_image_of_ms_ssim_fits_its_window_five_times() -> None:
    photo = astronaut()[:176, :180]
    assert ms_ssim(photo, photo) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("side", "scales", "name"),
    [(10, 0, "MS-SSIM (0 of 5 scales)"), (32, 2, "MS-SSIM (2 of 5 scales)"), (176, 5, "MS-SSIM")],
)
def test_an_image_has_as_many_scales_as_fit(side: int, scales: int, name: str) -> None:
    assert ms_ssim_scales(side, 400) == scales
    assert ms_ssim_name(400, side) == name


def test_reduced_ms_ssim_of_32_pixels_is_that_of_two_scales_with_weights_of_sum_one() -> None:
    x, y = (image[60:92, 100:132] for image in noisy_pair())
    per_colour = []
    first, second = np.array(MS_SSIM_WEIGHTS[:2]) / sum(MS_SSIM_WEIGHTS[:2])
    for colour in range(3):
        a, b = (image[..., colour].astype(float) for image in (x, y))
        structure = reference_ssim(a, b, K1=1e6)
        a, b = (p.reshape(16, 2, 16, 2).mean(axis=(1, 3)) for p in (a, b))
        per_colour.append(structure**first * reference_ssim(a, b) ** second)
    assert reduced_ms_ssim(x, y) == pytest.approx(np.mean(per_colour), abs=1e-6)


def test_reduced_ms_ssim_of_a_large_image_is_ms_ssim() -> None:
    assert reduced_ms_ssim(*noisy_pair()) == pytest.approx(ms_ssim(*noisy_pair()), abs=1e-12)


def test_blurring_by_matrix_and_by_convolution_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = (image[None, :40, :48] for image in noisy_pair())
    by_matrix = reduced_ms_ssim_each(x, y)
    monkeypatch.setattr(metrics, "SMALL_SIDE", 0)
    assert reduced_ms_ssim_each(x, y) == pytest.approx(by_matrix, abs=1e-12)


def test_many_images_at_once_score_as_one_by_one() -> None:
    x, y = (
        np.stack([image[i : i + 32, 2 * i : 2 * i + 40] for i in (0, 30, 60)])
        for image in noisy_pair()
    )
    assert reduced_ms_ssim_each(x, y) == pytest.approx(
        [reduced_ms_ssim(a, b) for a, b in zip(x, y, strict=True)]
    )
    assert psnr_of_mse(mse_each(x, y)) == pytest.approx(
        [psnr(a, b) for a, b in zip(x, y, strict=True)]
    )


def test_stacks_that_do_not_match_are_refused() -> None:
    stack = np.zeros((2, 32, 32, 3), np.uint8)
    with pytest.raises(ValueError, match="shapes differ"):
        mse_each(stack, stack[:1])
    with pytest.raises(ValueError, match="must be uint8 NxHxWx3"):
        reduced_ms_ssim_each(stack[0], stack[0])
    with pytest.raises(ValueError, match="11 pixels"):
        reduced_ms_ssim_each(stack[:, :10], stack[:, :10])


@pytest.mark.parametrize(
    "wrong", [np.zeros((20, 20, 3)), np.zeros((20, 20), np.uint8), np.zeros((20, 21, 3), np.uint8)]
)
def test_wrong_kinds_of_image_are_refused(wrong: Photo) -> None:
    with pytest.raises(ValueError, match=r"must be uint8|shapes differ"):
        psnr(np.zeros((20, 20, 3), np.uint8), wrong)
