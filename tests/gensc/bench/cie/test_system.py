"""gensc.bench.cie: image to container, over a link, and back to an image."""

import math

import numpy as np
import pytest

from gensc.adapt.transport import BurstTransport, CapacityTransport
from gensc.bench.cie.delivery import BurstDelivery, CapacityDelivery
from gensc.bench.cie.system import CieSystem
from gensc_models.restore.inpainting import MeanFill
from gensc_phy.coding.bits import symbols_for
from gensc_phy.coding.mcs import choose_mcs
from small_hyperprior import photo, small_codec

IMAGE = photo(96, 128)
SHAPE = IMAGE.shape


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


def test_names_tell_both_weights(system):
    assert system.name == "cie hyperprior+mean"
    assert CieSystem(small_codec(), Ramp()).name == "cie hyperprior"


def test_the_capacity_carries_what_is_in_time_and_nothing_else():
    link = CapacityDelivery(CapacityTransport(0.02))
    fits = int(link.transport.budget(5.0).bits) // 8
    for n_bytes, arrives in ((fits, True), (fits + 1, False)):
        got = link.send(bytes(n_bytes), SHAPE, 5.0, 1)
        assert (got.in_time, got.data is not None) == (arrives, arrives)
        assert got.seconds == pytest.approx(8 * n_bytes / (1e6 * math.log2(1 + 10**0.5)))
        assert got.symbols.payload == 0


def test_the_burst_waveform_carries_the_very_bytes_or_says_that_it_does_not():
    link = BurstDelivery(BurstTransport(0.02))
    data = np.random.default_rng(1).bytes(400)
    got = link.send(data, SHAPE, 8.0, 1)
    assert got.data == data
    assert got.mcs == choose_mcs(8.0).name
    assert got.snr_measured_db == pytest.approx(8.0, abs=1.0)
    assert got.symbols.digital == symbols_for(400, choose_mcs(8.0))
    assert got.symbols.overhead > 0
    lost = link.send(data[:200], SHAPE, -15.0, 1)
    assert lost.data is None
    assert lost.in_time


def test_what_would_be_late_is_not_sent():
    got = BurstDelivery(BurstTransport(0.02)).send(bytes(20000), SHAPE, 8.0, 1)
    assert (got.data, got.in_time, got.symbols.digital) == (None, False, 0)
    assert got.seconds > 0.02
