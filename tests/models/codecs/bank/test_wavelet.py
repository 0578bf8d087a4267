"""The wavelet trunk: invertible and nearly orthonormal."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.codecs.bank import wavelet
from small_hyperprior import photo


def tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255.0


@settings(max_examples=20, deadline=None)
@given(rows=st.integers(1, 5), columns=st.integers(1, 5), seed=st.integers(0, 99))
def test_an_image_of_any_size_comes_back(rows: int, columns: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    image = torch.rand(2, 3, 16 * rows, 16 * columns, generator=generator)
    coefficients = wavelet.analyse(image)
    assert coefficients.shape == (2, 768, rows, columns)
    torch.testing.assert_close(wavelet.synthesise(coefficients), image, atol=1e-5, rtol=0)


def test_the_finest_colour_details_come_last_and_a_grey_image_has_none() -> None:
    colour = wavelet.analyse(tensor(photo()))
    grey = wavelet.analyse(tensor(photo()).mean(dim=1, keepdim=True).expand(-1, 3, -1, -1))
    assert colour[:, 384:].abs().max() > 1.0
    assert grey[:, 384:].abs().max() < 1e-3


def test_errors_of_coefficients_are_errors_of_the_image() -> None:
    noise = torch.randn(4, wavelet.CHANNELS, 6, 6, generator=torch.Generator().manual_seed(0))
    error = (wavelet.synthesise(noise) - 0.5) * 255.0
    assert error.square().sum() / noise.square().sum() == pytest.approx(1.0, abs=0.1)


def test_channels_go_from_coarse_to_fine() -> None:
    energy = wavelet.analyse(tensor(photo())).square().mean(dim=(0, 2, 3))
    low, high = energy[: wavelet.LOW_CHANNELS].mean(), energy[192:384].mean()
    assert low > 100 * high
    bands = wavelet.band_of_channel()
    assert len(bands) == wavelet.CHANNELS
    assert set(bands) == set(range(wavelet.BANDS))


def test_the_low_channel_of_a_flat_image_is_its_brightness() -> None:
    flat = torch.full((1, 3, 32, 32), 0.5 + 10.0 / 255.0)
    coefficients = wavelet.analyse(flat)
    assert coefficients[0, 0, 0, 0] == pytest.approx(10.0 * 16.0 * 3**0.5, rel=0.01)
    assert coefficients[:, 1:].abs().max() < 0.01


def test_what_was_first_used_without_gradients_can_be_trained_through() -> None:
    wavelet._colours.cache_clear()
    with torch.inference_mode():
        wavelet.synthesise(wavelet.analyse(torch.rand(1, 3, 32, 32)))
    image = torch.rand(1, 3, 32, 32, requires_grad=True)
    wavelet.synthesise(wavelet.analyse(image)).square().mean().backward()
    assert image.grad is not None
    assert torch.isfinite(image.grad).all()
