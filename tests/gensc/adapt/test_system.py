"""Image to container, and back to an image."""

import numpy as np
import pytest

from gensc.adapt.system import CieSystem
from gensc_models.restore.inpainting import MeanFill
from small_hyperprior import photo, small_codec

IMAGE = photo(96, 128)


class Ramp:
    """Importance rising from left to right."""

    name = "ramp"

    def __call__(self, image, stem):
        return np.tile(np.arange(image.shape[1], dtype=float), (image.shape[0], 1))


@pytest.fixture(scope="module")
def system():
    return CieSystem(small_codec(), Ramp(), MeanFill())


def test_sent_pixels_come_back_as_decoded_and_the_rest_is_filled_in(system):
    sent = system.extract(IMAGE, "cat", 6, 0.5)
    got = system.recover(sent.data)
    assert got.keep[:, 64:].all()
    assert not got.keep[:, :64].any()
    np.testing.assert_array_equal(got.image[got.keep], got.decoded[got.keep])
    assert len(np.unique(got.image[~got.keep], axis=0)) == 1
    assert 0 < sent.gvif < 1


def test_what_is_sent_whole_is_not_filled_in(system):
    got = system.recover(system.extract(IMAGE, "cat", 9, 0.0).data)
    assert got.keep.all()
    assert got.image is got.decoded


def test_without_inpainting_the_prediction_of_the_codec_stays():
    got = CieSystem(small_codec(), Ramp()).recover(small_codec().encode(IMAGE, 9).data)
    assert got.image is got.decoded


def test_a_budget_shortens_the_container(system):
    free = system.extract(IMAGE, "cat", 4, 0.3)
    tight = system.extract(IMAGE, "cat", 4, 0.3, 0.6 * free.bits)
    assert tight.bits <= 0.6 * free.bits
    assert tight.fits
    assert tight.gvif < free.gvif
