"""JPEG + LDPC + QAM in batches: within its symbols, at its best, and grey when it fails."""

import numpy as np
import pytest

from gensc.bench.gsc.digital import DigitalSender, candidates
from gensc.bench.gsc.points import Point
from gensc.bench.gsc.schemes import JPEG, SCALED_JPEG
from gensc.experiment.baselines import jpeg_short
from gensc_phy.coding.bits import capacity_bytes
from gensc_phy.coding.mcs import MCS_TABLE, nearest_mcs
from gsc_weights import pictures

GRANTED = 512


@pytest.fixture(scope="module")
def sender():
    return DigitalSender(pictures(12), GRANTED, seed=1)


def mean_psnr(sender, *arguments):
    point = Point("cifar", *arguments[:2], 128, arguments[2])
    shown, lost = sender.send(*arguments, range(len(sender.images)))
    point.add(sender.images, shown)
    return point.psnr, lost


@pytest.mark.parametrize("mcs", MCS_TABLE[6:50:6], ids=lambda m: m.name)
def test_takes_at_most_the_symbols_granted(sender, mcs):
    assert 0.9 * GRANTED < sender.symbols(mcs) <= GRANTED


def test_above_the_threshold_every_picture_is_its_best_jpeg(sender):
    mcs = nearest_mcs(4, 0.7)
    shown, lost = sender.send(SCALED_JPEG, "awgn", mcs.threshold_db + 3, mcs, range(12))
    assert lost == 0
    for image, picture in zip(sender.images, shown, strict=True):
        best = jpeg_short.ShortJpegs(image).fit(capacity_bytes(GRANTED, mcs))
        assert np.array_equal(picture, jpeg_short.decode(best.data, 32, 32))


def test_far_below_the_threshold_all_is_grey_and_counted(sender):
    shown, lost = sender.send(JPEG, "awgn", 4.0, nearest_mcs(6, 0.67), range(12))
    assert lost == 12
    assert (shown == 128).all()


def test_a_jpeg_that_does_not_fit_is_lost_though_the_channel_is_good(sender):
    _, lost_plain = sender.send(JPEG, "awgn", 10.0, nearest_mcs(2, 0.25), range(12))
    _, lost_scaled = sender.send(SCALED_JPEG, "awgn", 10.0, nearest_mcs(2, 0.25), range(12))
    assert lost_plain > lost_scaled


@pytest.mark.parametrize(("channel", "snr_db"), [("awgn", 7.0), ("rayleigh", 10.0)])
def test_the_scheme_chosen_is_the_best_of_all(sender, channel, snr_db):
    chosen = sender.best_mcs(channel, snr_db)[SCALED_JPEG]
    psnr = {
        mcs: mean_psnr(sender, SCALED_JPEG, channel, snr_db, mcs)[0]
        for mcs in candidates(channel, snr_db)
    }
    assert psnr[chosen] == pytest.approx(max(psnr.values()), abs=1e-9)


def test_a_better_channel_is_used(sender):
    thresholds = [sender.best_mcs("awgn", snr)[JPEG].threshold_db for snr in (1.0, 8.0, 15.0)]
    assert thresholds == sorted(thresholds)
    assert thresholds[-1] > thresholds[0] + 9
