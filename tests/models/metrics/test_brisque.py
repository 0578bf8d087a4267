"""BRISQUE works as installed: damage raises it, and what has no statistics is refused."""

import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage.data import astronaut, chelsea, coffee, rocket

from gensc_models.metrics import brisque as module
from gensc_models.metrics.brisque import SMALLEST_SIDE, brisque

PHOTOS = [astronaut, chelsea, coffee, rocket]


def photo(load):
    return np.asarray(Image.fromarray(load()).resize((192, 192), Image.Resampling.LANCZOS))


def noisy(image, sigma):
    noise = np.random.default_rng(5).normal(0, sigma, image.shape)
    return np.clip(image + noise, 0, 255).round().astype(np.uint8)


@pytest.mark.parametrize("load", PHOTOS)
def test_noise_and_blur_raise_it_the_more_of_them_the_more(load):
    clean = photo(load)
    good = brisque(clean)
    assert good < 25
    assert good + 15 < brisque(noisy(clean, 20)) < brisque(noisy(clean, 60))
    assert good + 15 < brisque(gaussian_filter(clean, (1, 1, 0)))
    assert brisque(gaussian_filter(clean, (1, 1, 0))) < brisque(gaussian_filter(clean, (3, 3, 0)))


def test_blocks_of_strong_jpeg_raise_it(tmp_path):
    path = tmp_path / "coffee.jpg"
    Image.fromarray(photo(coffee)).save(path, quality=8)
    assert brisque(np.asarray(Image.open(path))) > brisque(photo(coffee)) + 20


def test_it_is_of_the_image_alone_and_says_nothing_else():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert brisque(photo(chelsea)) == brisque(photo(chelsea).copy())


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_image_of_one_colour_is_refused(value):
    with pytest.raises(ValueError, match="one colour"):
        brisque(np.full((64, 64, 3), value, np.uint8))


def halves():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, 32:] = 255
    return image


def checkers():
    return (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, axis=2)


@pytest.mark.parametrize("make", [halves, checkers])
def test_drawings_without_texture_are_refused_not_given_a_number(make):
    with pytest.raises(ValueError, match="too little texture"):
        brisque(make())


def test_a_fit_that_runs_away_is_refused():
    # A piece of smooth fur whose distributions no generalised Gaussian has.
    piece = np.asarray(Image.fromarray(chelsea()).resize((256, 256)))[100:132, 100:132]
    with pytest.raises(ValueError, match="too little texture"):
        brisque(piece)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((64, 64), np.uint8), "uint8 HxWx3"),
        (np.zeros((64, 64, 4), np.uint8), "uint8 HxWx3"),
        (np.zeros((64, 64, 3)), "uint8 HxWx3"),
        (astronaut()[:SMALLEST_SIDE, : SMALLEST_SIDE - 1], "at least 32 pixels"),
    ],
)
def test_what_is_no_colour_image_of_some_size_is_refused(image, message):
    with pytest.raises(ValueError, match=message):
        brisque(image)


def test_the_model_is_read_once_however_many_threads_ask(monkeypatch):
    made = []

    class Slow:
        def __init__(self, url):
            time.sleep(0.05)
            made.append(url)

        def score(self, image):
            raise ValueError("asked")

    monkeypatch.setattr("brisque.BRISQUE", Slow)
    module._model.cache_clear()
    try:
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(brisque, photo(chelsea)) for _ in range(4)]
        assert all(isinstance(one.exception(), ValueError) for one in asked)
        assert made == [False]
    finally:
        module._model.cache_clear()
