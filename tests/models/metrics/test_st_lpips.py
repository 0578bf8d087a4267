"""ST-LPIPS: noise moves it, a shift by a pixel hardly does, and it can be trained with."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.data import chelsea

from gensc_models import WeightsError
from gensc_models.metrics import st_lpips
from gensc_models.metrics.st_lpips import SMALLEST, load_st_lpips
from gensc_models.weights.hub import UnavailableError


@pytest.fixture(scope="module")
def model():
    return load_st_lpips()


def cat():
    return np.ascontiguousarray(chelsea()[60:188, 120:280])


def noisy(image, sigma):
    noise = np.random.default_rng(3).normal(0, sigma, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def test_it_is_what_its_authors_publish(model):
    # stlpips_pytorch.stlpips.LPIPS(net="alex", variant="shift_tolerant") of this pair.
    a = torch.arange(3 * 64 * 80).reshape(1, 3, 64, 80) % 251 / 250.0
    b = torch.arange(3 * 64 * 80).reshape(1, 3, 64, 80) % 83 / 82.0
    assert float(model(a, b)) == pytest.approx(0.450362, abs=1e-5)


def test_equal_images_have_no_distance_and_noise_adds_to_it(model):
    images = np.stack([cat(), cat()[::-1]])
    assert model.photos(images, images).tolist() == [0, 0]
    little, much = model.photos(images, noisy(images, 5)), model.photos(images, noisy(images, 50))
    assert (little > 0).all()
    assert (little < much).all()


@settings(max_examples=12, deadline=None)
@given(st.integers(-2, 2), st.integers(-2, 2))
def test_a_shift_of_two_pixels_counts_less_than_noise_that_hardly_shows(right, down):
    model, photo = load_st_lpips(), chelsea()
    here = np.ascontiguousarray(photo[60:188, 120:280])
    there = np.ascontiguousarray(photo[60 + down : 188 + down, 120 + right : 280 + right])
    shifted, noised = (model.photos(here[None], x[None])[0] for x in (there, noisy(here, 8)))
    assert shifted < noised


def test_a_shift_moves_the_squared_error_far_more_than_this(model):
    """Beside noise of the same squared error a shift is nothing: that is what it is for."""
    here, there = cat(), np.ascontiguousarray(chelsea()[60:188, 122:282])
    error = float(np.sqrt(np.mean((here.astype(float) - there) ** 2)))
    alike = model.photos(here[None], there[None])[0]
    assert alike < 0.2 * model.photos(here[None], noisy(here, error)[None])[0]


def test_as_a_loss_its_gradient_leads_towards_the_original(model):
    original = torch.from_numpy(cat()).permute(2, 0, 1)[None] / 255.0
    drawn = torch.from_numpy(noisy(cat(), 20)).permute(2, 0, 1)[None] / 255.0
    first = float(model(drawn, original))
    for _ in range(3):
        drawn.requires_grad_(True)
        (slope,) = torch.autograd.grad(model(drawn, original).sum(), drawn)
        assert torch.isfinite(slope).all()
        drawn = (drawn - 0.01 * slope / slope.abs().max()).detach()
    assert float(model(drawn, original)) < first
    assert not any(p.requires_grad for p in model.parameters())


def test_black_images_have_a_gradient_too(model):
    black = torch.zeros(1, 3, 32, 32, requires_grad=True)
    model(black, torch.zeros(1, 3, 32, 32)).sum().backward()
    assert torch.isfinite(black.grad).all()


@pytest.mark.parametrize("size", [(SMALLEST, SMALLEST), (SMALLEST, 50)])
def test_the_smallest_images_have_a_distance(model, size):
    assert torch.isfinite(model(torch.rand(1, 3, *size), torch.rand(1, 3, *size))).all()


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ((1, 3, 40, 40), (1, 3, 40, 41), "two stacks"),
        ((3, 40, 40), (3, 40, 40), "two stacks"),
        ((1, 3, 20, 40), (1, 3, 20, 40), "21 pixels"),
    ],
)
def test_what_cannot_be_compared_is_said(model, first, second, said):
    with pytest.raises(ValueError, match=said):
        model(torch.zeros(first), torch.zeros(second))


def test_without_its_package_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(st_lpips, "PACKAGE", "a_package_that_nobody_has")
    with pytest.raises(UnavailableError, match=r"^ST-LPIPS: pip install 'gr-gensc\[pretrained\]'"):
        load_st_lpips()


@pytest.mark.parametrize("content", [b"no network", None])
def test_a_damaged_file_is_one_line(tmp_path, monkeypatch, content):
    file = tmp_path / "weights.pth"
    if content is None:
        torch.save({"scaling_layer.shift": torch.zeros(1, 3, 1, 1)}, file)
    else:
        file.write_bytes(content)
    monkeypatch.setattr(st_lpips, "packaged", lambda *_: file)
    with pytest.raises(WeightsError, match="ST-LPIPS: cannot read"):
        load_st_lpips()
