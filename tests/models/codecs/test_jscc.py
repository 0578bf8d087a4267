"""Batched decoding: many sections in one pass of the network, each as if it had been alone."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.data import astronaut

from gensc_models import Received, load_codec

codec_named = cache(load_codec)


def reception(height: int, width: int, rate: int, snr_db: float, seed: int) -> Received:
    """A photo's section over AWGN with a tenth of the symbols lost and unequal noise."""
    rng = np.random.default_rng(seed)
    top, left = rng.integers(0, 400, 2)
    photo = astronaut()[top : top + height, left : left + width]
    sent = codec_named("deepjscc-photo").encode_image(photo, rate, snr_db)
    variance = 10 ** (-snr_db / 10) * rng.uniform(0.5, 2.0, len(sent.symbols))
    noise = rng.standard_normal((2, len(sent.symbols))) * np.sqrt(variance / 2)
    variance[rng.random(variance.size) < 0.1] = np.inf
    received = (sent.symbols + noise[0] + 1j * noise[1]).astype(np.complex64)
    return Received(received, variance.astype(np.float32), rate, height, width, sent.aux)


section = st.builds(
    reception,
    st.integers(17, 32),
    st.integers(33, 48),
    st.sampled_from((1, 16, 64, 128)),
    st.sampled_from((0.0, 7.5, 20.0)),
    st.integers(0, 1000),
)


@pytest.mark.parametrize("name", ["softcast", "deepjscc-photo"])
@given(st.lists(section, max_size=6))
@settings(max_examples=10, deadline=None)
def test_a_batch_gives_what_single_calls_give_within_1_lsb(
    name: str, sections: list[Received]
) -> None:
    codec = codec_named(name)
    together = codec.decode_images(sections)
    assert len(together) == len(sections)
    for s, image in zip(sections, together, strict=True):
        alone = codec.decode_image(s)
        assert image.shape == alone.shape == (s.height, s.width, 3)
        assert np.abs(image.astype(int) - alone).max() <= 1


def test_an_erased_neighbour_does_no_harm() -> None:
    codec = codec_named("deepjscc-photo")
    good = reception(32, 32, 32, 10.0, seed=1)
    lost = Received(
        np.full(128, np.nan, np.complex64), np.full(128, np.inf, np.float32), 32, 32, 32, 0
    )
    alone = codec.decode_images([good])[0]
    beside = codec.decode_images([lost, good, lost])[1]
    assert np.abs(alone.astype(int) - beside).max() <= 1


def test_sections_of_different_sizes_are_refused() -> None:
    small, large = reception(16, 16, 8, 10.0, 1), reception(16, 32, 8, 10.0, 1)
    with pytest.raises(ValueError, match="different sizes"):
        codec_named("softcast").decode_images([small, large])
