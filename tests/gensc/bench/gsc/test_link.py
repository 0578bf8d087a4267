"""Many images at once are coded as one by one, and meet the channel that everybody else meets."""

import numpy as np
import pytest

from gensc.bench.gsc import link
from gensc_models import load_codec
from gsc_weights import pictures, swin_codec


@pytest.fixture(scope="module", params=["swin", "softcast"])
def codec(request):
    return swin_codec() if request.param == "swin" else load_codec("softcast")


@pytest.fixture(scope="module")
def images():
    return pictures(5)


@pytest.mark.parametrize("size", [(32, 32), (24, 40)])
def test_every_image_is_encoded_as_it_would_be_alone(codec, size):
    images = np.stack([p[: size[0], : size[1]] for p in np.tile(pictures(4), (1, 2, 2, 1))])
    for image, sent in zip(images, codec.encode_images(images, 128, 7.3), strict=True):
        alone = codec.encode_image(image, 128, 7.3)
        assert np.allclose(sent.symbols, alone.symbols, atol=1e-4)
        assert (sent.aux, sent.rate, sent.height, sent.width) == (alone.aux, 128, *size)
        assert np.mean(np.abs(sent.symbols) ** 2) == pytest.approx(1, abs=1e-5)


def test_every_image_is_decoded_as_it_would_be_alone(codec, images):
    sent = codec.encode_images(images, 128, 5.0)
    symbols = np.stack([e.symbols for e in sent])
    received, noise_var = link.through(symbols, "rayleigh", 5.0, seed=3)
    together = link.decode(codec, sent, received, noise_var)
    for i, e in enumerate(sent):
        alone = codec.decode_image(e.received(received[i], noise_var[i]))
        assert np.abs(together[i].astype(int) - alone).max() <= 1


@pytest.mark.parametrize("channel", ["awgn", "rayleigh"])
def test_es_n0_is_per_complex_symbol(channel):
    symbols = np.ones((400, 512), np.complex64)
    received, noise_var = link.through(symbols, channel, 6.0, seed=1)
    error = np.abs(received - symbols) ** 2 / noise_var
    assert error.mean() == pytest.approx(1, abs=0.01)
    assert (1 / noise_var).mean() == pytest.approx(10**0.6, rel=0.15 if channel != "awgn" else 1e-4)
    assert (noise_var == noise_var[:, :1]).all()


def test_with_one_seed_all_meet_the_same_gains_and_noise():
    ones, others = np.ones((3, 64), np.complex64), np.zeros((3, 64), np.complex64)
    first, variance = link.through(ones, "rayleigh", 4.0, seed=9)
    second, same = link.through(others, "rayleigh", 4.0, seed=9)
    assert np.array_equal(variance, same)
    assert np.allclose(first - ones, second, atol=1e-5)


def test_the_refiner_is_told_every_images_own_snr(images):
    told = []

    class Recorder:
        def refine_images(self, pictures, snrs_db):
            told.extend(snrs_db)
            return [255 - p for p in pictures]

    noise_var = np.array([[0.1], [1.0], [0.5], [0.01], [2.0]], np.float32) * np.ones((1, 8))
    refined = link.refine(Recorder(), images, noise_var)
    assert np.array_equal(refined, 255 - images)
    assert told == pytest.approx([10, 0, 3.01, 20, -3.01], abs=0.01)


def test_no_two_operating_points_share_their_noise():
    points = [(1, c, s, f) for c in ("awgn", "rayleigh") for s in (0, 1, 2.5) for f in (0, 100)]
    assert len({link.batch_seed(*p) for p in points}) == len(points)
