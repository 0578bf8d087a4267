"""JPEG without its header: the same picture from fewer bytes, for pictures of 32x32."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gensc.data.images import fit, load_image
from gensc.experiment.baselines import jpeg
from gensc.experiment.baselines.jpeg_short import DIVISORS, QUALITIES, ShortJpegs, decode, encode


@pytest.fixture(scope="module")
def picture():
    return fit(load_image("skimage:chelsea"), 32, 32)


@pytest.mark.parametrize("quality", [QUALITIES[0], 40, QUALITIES[-1]])
def test_decodes_to_what_the_whole_file_decodes_to(picture, quality):
    file = jpeg.encode(picture, quality)
    short = encode(picture, quality)
    assert np.array_equal(decode(short, 32, 32), jpeg.decode(file, 32, 32))
    assert len(short) < len(file) - 250


@pytest.mark.parametrize("divisor", DIVISORS)
def test_a_scaled_picture_comes_back_at_its_own_size(picture, divisor):
    image = decode(encode(picture, 50, divisor), 32, 32)
    assert image.shape == (32, 32, 3)
    scaled = Image.fromarray(picture).resize((32 // divisor,) * 2, Image.Resampling.LANCZOS)
    expected = np.asarray(scaled.resize((32, 32), Image.Resampling.BICUBIC), float)
    assert np.abs(image - expected).mean() < 12


def test_padding_behind_the_data_changes_nothing(picture):
    short = encode(picture, 30)
    assert np.array_equal(decode(short + bytes(99), 32, 32), decode(short, 32, 32))


def test_nothing_decodes_to_nothing():
    assert decode(b"", 32, 32) is None


def test_what_the_first_byte_cannot_name_is_refused(picture):
    with pytest.raises(ValueError, match="no quality 49 with divisor 1"):
        encode(picture, 49)


@given(st.binary(max_size=120))
def test_any_bytes_decode_to_a_picture_or_to_nothing(data):
    image = decode(data, 32, 32)
    assert image is None or image.shape == (32, 32, 3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 600), st.sampled_from([DIVISORS, (1,)]))
def test_chosen_picture_fits_and_the_next_quality_would_not(picture, max_bytes, divisors):
    choice = ShortJpegs(picture).fit(max_bytes, divisors)
    if choice is None:
        assert len(encode(picture, QUALITIES[0], divisors[-1])) > max_bytes
        return
    assert len(choice.data) <= max_bytes
    assert choice.divisor in divisors
    following = QUALITIES[QUALITIES.index(choice.quality) + 1 :]
    assert not following or len(encode(picture, following[0], choice.divisor)) > max_bytes


def test_scaling_down_helps_where_bytes_are_few(picture):
    jpegs = ShortJpegs(picture)
    plain, scaled = jpegs.fit(43, (1,)), jpegs.fit(43)
    assert plain is None or scaled.psnr > plain.psnr
    assert jpegs.fit(250).psnr > scaled.psnr + 3
