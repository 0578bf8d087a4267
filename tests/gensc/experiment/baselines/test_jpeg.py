"""The JPEG baseline: always fits, improves with bytes, and fails instead of raising."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc.data.images import fit, load_image
from gensc.experiment.baselines import jpeg
from gensc.experiment.scheme import Picture
from gensc.experiment.schemes.files import FileScheme, Jpeg
from gensc.experiment.ways import load_way
from gensc_phy.coding.bits import capacity_bytes
from gensc_phy.coding.mcs import nearest_mcs


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
    """What the scheme sends and shows at an SNR, made with a modulation and coding scheme."""
    scheme = FileScheme("jpeg", Jpeg(jpeg.DIVISORS), 0.0, design_snr_db=mcs.threshold_db)
    picture = Picture("photo", photo)
    sent = scheme.send(picture, n_symbols, snr_db)
    assert sent.symbols.payload <= n_symbols
    assert sent.facts["mcs"] == mcs.name
    return sent, scheme.receive(load_way("bursts").carry(sent, "awgn", snr_db, 1).sections)


def test_above_the_threshold_the_very_jpeg_arrives(photo):
    mcs = nearest_mcs(4, 0.5)
    sent, got = transmit(photo, mcs.threshold_db + 2, mcs)
    room = capacity_bytes(6000, mcs)
    made = jpeg.fit(photo, room).data
    assert sent.facts["bytes"] == len(made) <= room
    assert np.array_equal(got.image, jpeg.decode(made, *photo.shape[:2]))


def test_below_the_threshold_the_picture_is_lost(photo):
    mcs = nearest_mcs(6, 0.67)
    _, got = transmit(photo, mcs.threshold_db - 4, mcs)
    assert got.image is None
    assert got.events["lost"] == "the file is damaged"
