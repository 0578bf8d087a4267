"""The table's figures are those of pictures that went over the channel."""

import numpy as np
import pytest

from gensc_models import load_codec
from gensc_models.codecs.auto.codec import MEMBERS, AutoCodec, family
from gensc_models.codecs.auto.measure import GREY, measure
from gensc_models.codecs.simulated import receive
from gensc_models.metrics.fidelity import psnr
from gensc_phy.adaptation.side_link import side_symbols
from small_hyperprior import photo, small_codec

BANK = small_codec()
FAMILY = family(BANK, load_codec("softcast"))
PHOTOS = [("one", photo(64, 96)), ("two", photo(96, 64))]


def test_without_a_spread_a_figure_is_the_mean_psnr_of_what_arrives():
    notes: list[str] = []
    table = measure(FAMILY, BANK, PHOTOS, [64], [2.0, 14.0], [0.0], notes.append)
    assert table.members == MEMBERS
    assert len(notes) == 2
    codec = AutoCodec(FAMILY, table)
    for m in range(len(MEMBERS)):
        found = []
        for n, (_, image) in enumerate(PHOTOS):
            sent = codec.encode_by(m, image, 64, 14.0, side_symbols, 0.0)
            found.append(psnr(image, receive(codec, sent, "awgn", 14.0, n)))
        assert table.psnr_db[m, 0, 1, 0] == pytest.approx(np.mean(found))
    assert (table.psnr_db[:, 0, 1] > table.psnr_db[:, 0, 0]).all()
    assert (table.gvif > 0).all()
    assert (table.gvif <= 1).all()
    assert table.about["photos"] == ["one", "two"]
    assert table.about["weights"]["analog"] == FAMILY["analog"].sha256


def test_what_does_not_arrive_is_a_grey_picture_without_information():
    class Silent:
        sends_side = takes_spread = False
        sha256 = "0"

        def encode_image(self, image, rate, snr_db):
            raise ValueError("nothing to send")

    table = measure({"silent": Silent()}, BANK, PHOTOS, [64], [10.0], [0.0])
    grey = [psnr(image, np.full_like(image, GREY)) for _, image in PHOTOS]
    assert table.psnr_db.item() == pytest.approx(np.mean(grey))
    assert table.gvif.item() == 0


def test_no_photos_are_a_mistake():
    with pytest.raises(ValueError, match="no photos"):
        measure(FAMILY, BANK, [], [32], [10.0], [0.0])
