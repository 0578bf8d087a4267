"""Shipped codecs, from uint8 image to symbols and back."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.data import astronaut, chelsea, coffee

from gensc_models import Codec, Encoded, Received, load_codec
from gensc_models.codecs.codec import symbols_for
from gensc_models.codecs.simulated import receive
from gensc_models.metrics.fidelity import psnr

NAMES = ("softcast", "deepjscc-photo")
Photo = NDArray[np.uint8]
codec_named = cache(load_codec)


def photo(height: int = 128, width: int = 128) -> Photo:
    return astronaut()[50 : 50 + height, 150 : 150 + width]


def send_through(
    codec: Codec, image: Photo, channel: str, rate: int, snr: float, seed: int
) -> Photo:
    return receive(codec, codec.encode_image(image, rate, snr), channel, snr, seed)


def decode(codec: Codec, sent: Encoded, symbols: Photo, noise_var: Photo) -> Photo:
    return codec.decode_image(sent.received(symbols, noise_var))


@pytest.mark.parametrize("name", NAMES)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    rate=st.integers(1, 128),
    snr=st.floats(-10, 40),
)
@settings(max_examples=25, deadline=None)
def test_any_size_rate_and_snr_makes_the_round_trip(
    name: str, height: int, width: int, rate: int, snr: float
) -> None:
    codec, image = codec_named(name), photo(height, width)
    sent = codec.encode_image(image, rate, snr)
    assert sent.symbols.dtype == np.complex64
    assert sent.symbols.shape == (symbols_for(height, width, rate),)
    assert np.mean(np.abs(sent.symbols.astype(complex)) ** 2) == pytest.approx(1.0, abs=1e-6)
    assert 0 <= sent.aux <= 0xFFFF
    received = decode(codec, sent, sent.symbols, np.full(len(sent.symbols), 0.1, np.float32))
    assert received.dtype == np.uint8
    assert received.shape == image.shape


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("height", "width", "least"), [(32, 32, 20.0), (512, 768, 28.0)])
def test_cifar_sized_and_large_photos_come_back_recognisable(
    name: str, height: int, width: int, least: float
) -> None:
    whole = np.tile(astronaut(), (1, 2, 1))[:512, :768]
    image = np.ascontiguousarray(whole[:: 512 // height, :: 768 // width][:height, :width])
    received = send_through(codec_named(name), image, "awgn", 128, 20.0, seed=1)
    assert received.shape == (height, width, 3)
    assert psnr(image, received) > least


def test_bandwidth_ratio_is_symbols_over_source_values() -> None:
    sent = codec_named("softcast").encode_image(np.tile(photo(), (2, 2, 1)), 32, 10.0)
    assert len(sent.symbols) == 8192
    assert sent.cbr == pytest.approx(1 / 24)


@pytest.mark.parametrize("image", [astronaut, chelsea, coffee])
@pytest.mark.parametrize("rate", [16, 32, 64])
def test_the_learned_codec_beats_softcast_at_5_db(image: object, rate: int) -> None:
    source = np.ascontiguousarray(image()[:256, :256])
    results = [
        psnr(source, send_through(codec_named(name), source, "awgn", rate, 5.0, seed=1))
        for name in NAMES
    ]
    assert results[1] > results[0] + 0.3


@pytest.mark.parametrize("name", NAMES)
def test_quality_rises_with_snr_and_with_rate(name: str) -> None:
    def quality(rate: int, snr: float) -> float:
        return psnr(photo(), send_through(codec_named(name), photo(), "awgn", rate, snr, seed=1))

    by_snr = [quality(64, snr) for snr in (0.0, 5.0, 10.0, 20.0)]
    by_rate = [quality(rate, 15.0) for rate in (16, 32, 64, 128)]
    assert by_snr == sorted(by_snr)
    assert by_rate == sorted(by_rate)


@pytest.mark.parametrize("name", NAMES)
def test_there_is_no_cliff_when_the_channel_is_worse_than_expected(name: str) -> None:
    codec = codec_named(name)
    sent = codec.encode_image(photo(), 32, 12.0)
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(len(sent.symbols), 2)) @ [1, 1j]
    results = []
    for snr in (12.0, 9.0, 6.0, 3.0, 0.0):
        sigma2 = 10 ** (-snr / 10)
        symbols = sent.symbols + noise * (sigma2 / 2) ** 0.5
        results.append(psnr(photo(), decode(codec, sent, symbols, np.full(len(noise), sigma2))))
    assert all(0 < a - b < 2.5 for a, b in pairwise(results))


def test_losing_a_tenth_of_the_symbols_costs_little() -> None:
    codec = codec_named("deepjscc-photo")
    sent = codec.encode_image(photo(), 32, 10.0)
    rng = np.random.default_rng(1)
    symbols = sent.symbols + (rng.normal(size=(len(sent.symbols), 2)) @ [1, 1j]) * 0.05**0.5
    variance = np.full(len(symbols), 0.1, np.float32)
    whole = psnr(photo(), decode(codec, sent, symbols, variance))
    lost = rng.random(len(symbols)) < 0.1
    symbols[lost], variance[lost] = 0, np.inf
    assert psnr(photo(), decode(codec, sent, symbols, variance)) > whole - 1.8


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("expected_db", [5.0, 20.0])
def test_a_better_channel_than_expected_never_makes_the_image_worse(
    name: str, expected_db: float
) -> None:
    codec = codec_named(name)
    sent = codec.encode_image(photo(), 128, expected_db)
    noise = np.random.default_rng(1).normal(size=(len(sent.symbols), 2)) @ [1, 1j]
    results = []
    for better in (0.0, 3.0, 6.0, 12.0, 60.0):
        sigma2 = 10 ** (-(expected_db + better) / 10)
        symbols = sent.symbols + noise * (sigma2 / 2) ** 0.5
        results.append(psnr(photo(), decode(codec, sent, symbols, np.full(len(noise), sigma2))))
    assert all(b > a - 0.05 for a, b in pairwise(results))


@pytest.mark.parametrize("name", NAMES)
def test_erased_symbols_are_ignored_whatever_they_hold(name: str) -> None:
    codec = codec_named(name)
    sent = codec.encode_image(photo(), 16, 10.0)
    symbols, variance = sent.symbols.copy(), np.full(len(sent.symbols), 0.1, np.float32)
    variance[::7] = np.inf
    symbols[::7] = 0
    clean = decode(codec, sent, symbols, variance)
    symbols[::7] = np.nan
    assert np.array_equal(decode(codec, sent, symbols, variance), clean)
    symbols[::7], variance[::7] = np.inf, 0.1
    assert np.array_equal(decode(codec, sent, symbols, variance), clean)


@pytest.mark.parametrize("name", NAMES)
def test_losing_everything_gives_a_flat_image_and_garbage_gives_some_image(name: str) -> None:
    codec = codec_named(name)
    sent = codec.encode_image(photo(), 16, 10.0)
    n = len(sent.symbols)
    lost = decode(codec, sent, np.zeros(n), np.full(n, np.inf))
    assert lost.std(axis=(0, 1)).max() < 40
    for aux in (0, 0xFFFF):
        image = codec.decode_image(Received(np.full(n, 1e30), np.zeros(n), 16, 128, 128, aux))
        assert image.shape == (128, 128, 3)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_call_gives_the_same_bytes(name: str) -> None:
    codec = codec_named(name)
    first, second = (codec.encode_image(photo(), 32, 5.0) for _ in range(2))
    assert np.array_equal(first.symbols, second.symbols)
    assert first.aux == second.aux
    images = [send_through(codec, photo(), "multipath", 32, 5.0, seed=3) for _ in range(2)]
    assert np.array_equal(*images)


def test_encoding_leaves_callers_torch_state_alone() -> None:
    state = torch.get_rng_state()
    codec_named("deepjscc-photo").encode_image(photo(), 32, 5.0)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.is_grad_enabled()


def test_wrong_lengths_are_refused_with_the_right_one() -> None:
    codec = codec_named("softcast")
    sent = codec.encode_image(photo(), 16, 10.0)
    n = len(sent.symbols)
    with pytest.raises(ValueError, match=f"expected {n} symbols, got {n - 1}"):
        decode(codec, sent, sent.symbols[1:], np.ones(n))
    with pytest.raises(ValueError, match=f"expected {n} noise variances, got 1"):
        decode(codec, sent, sent.symbols, np.ones(1))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((16, 16, 4), np.uint8),
        np.zeros((16, 16), np.uint8),
        np.zeros((16, 16, 3), np.uint16),
        np.zeros((0, 16, 3), np.uint8),
        np.broadcast_to(np.zeros(3, np.uint8), (9000, 12000, 3)),
    ],
)
def test_images_of_another_kind_or_too_large_are_refused(image: Photo) -> None:
    with pytest.raises(ValueError, match=r"expected uint8 HxWx3|larger than"):
        codec_named("softcast").encode_image(image, 16, 10.0)


def test_impossible_operating_points_are_refused() -> None:
    codec = codec_named("softcast")
    with pytest.raises(ValueError, match="rate must be 1 to 128"):
        codec.encode_image(photo(), 129, 10.0)
    with pytest.raises(ValueError, match="rate must be 1 to 128"):
        codec.decode_image(Received(np.zeros(0), np.zeros(0), 0, 16, 16, 0))
    with pytest.raises(ValueError, match="snr_db is not a number"):
        codec.encode_image(photo(), 16, float("nan"))


def test_read_only_images_are_accepted_and_left_alone() -> None:
    image = photo().copy()
    image.flags.writeable = False
    codec_named("softcast").encode_image(image[:, ::-1], 16, 10.0)
    assert np.array_equal(image, photo())


def test_several_images_must_be_a_stack_of_colour_images() -> None:
    codec = load_codec("softcast")
    for wrong in (np.zeros((2, 32, 32), np.uint8), np.zeros((2, 32, 32, 3), np.float32)):
        with pytest.raises(ValueError, match="expected uint8 NxHxWx3"):
            codec.encode_images(wrong, 32, 5.0)
    assert codec.encode_images(np.zeros((0, 32, 32, 3), np.uint8), 32, 5.0) == []
