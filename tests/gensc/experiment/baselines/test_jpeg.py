"""The JPEG baseline: always fits, improves with bytes, and fails to grey instead of raising."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc.data.images import fit, load_image
from gensc.experiment.baselines import jpeg, jpeg_link
from gensc.link.bursts import BurstPath, Section, header_of
from gensc.link.channels import draw
from gensc_phy.coding.mcs import nearest_mcs
from gensc_phy.waveform.header import Section as Kind


@pytest.fixture(scope="module")
def photo():
    return fit(load_image("skimage:chelsea"), 96, 128)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 20000))
def test_chosen_file_never_exceeds_the_bytes(photo, max_bytes):
    choice = jpeg.fit(photo, max_bytes)
    assert choice is None or len(choice.data) <= max_bytes


def test_quality_improves_with_bytes(photo):
    psnrs = [jpeg.fit(photo, n).psnr for n in (1000, 2000, 4000, 16000)]
    assert psnrs == sorted(psnrs)
    assert psnrs[-1] > psnrs[0] + 5


def test_next_quality_would_not_fit(photo):
    choice = jpeg.fit(photo, 2500, divisors=(1,))
    assert len(jpeg.encode(photo, choice.quality + 1)) > 2500


def test_scaling_down_helps_where_bytes_are_few(photo):
    plain, scaled = jpeg.fit(photo, 1100, divisors=(1,)), jpeg.fit(photo, 1100)
    assert scaled.divisor > 1
    assert plain is None or scaled.psnr > plain.psnr


def test_nothing_fits_into_a_hundred_bytes(photo):
    assert jpeg.fit(photo, 100) is None


@given(st.binary(max_size=200))
def test_bytes_that_are_no_jpeg_decode_to_nothing(data):
    assert jpeg.decode(data, 16, 16) is None


def transmit(photo, snr_db, mcs, n_symbols=6000):
    payload = jpeg_link.prepare(photo, n_symbols, mcs, jpeg.DIVISORS)
    assert len(payload.symbols) <= n_symbols
    path = BurstPath()
    header = header_of(Kind.BITS, photo.shape, mcs.index, len(payload.choice.data))
    sent = path.modulate([Section(header, payload.symbols)])
    (section,) = path.through(sent, draw("awgn", 1), snr_db, seed=1)
    return payload, jpeg_link.receive(section, photo.shape)


def test_above_the_threshold_the_very_jpeg_arrives(photo):
    mcs = nearest_mcs(4, 0.5)
    payload, (picture, result) = transmit(photo, mcs.threshold_db + 2, mcs)
    assert result.crc_ok
    assert result.payload == payload.choice.data
    assert np.array_equal(picture, jpeg.decode(payload.choice.data, *photo.shape[:2]))


def test_below_the_threshold_the_picture_is_grey(photo):
    mcs = nearest_mcs(6, 0.67)
    _, (picture, result) = transmit(photo, mcs.threshold_db - 4, mcs)
    assert not result.crc_ok
    assert (picture == 128).all()


def test_nothing_received_is_grey_too():
    picture, result = jpeg_link.receive(None, (16, 24, 3))
    assert picture.shape == (16, 24, 3)
    assert result is None
