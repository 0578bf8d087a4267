"""Shipped weights do what their figures say: nothing becomes worse unnoticed."""

import numpy as np
import pytest

from gensc_models import available
from gensc_models.catalogue import shipped
from gensc_models.catalogue.codecs import is_codec
from gensc_models.weights.store import BANK

SHIPPED = [info for info in available() if info.path.parent.name == "weights"]
CODECS = [info for info in SHIPPED if is_codec(info.kind)]


def named(info):
    return info.name


@pytest.mark.parametrize("info", SHIPPED, ids=named)
def test_figures_are_of_the_tensors_that_they_lie_beside(info):
    told = "python scripts/weights_table.py measures weights that have changed"
    assert shipped.stored_figures(info).get("sha256") == info.sha256, told


@pytest.mark.parametrize("info", CODECS, ids=named)
def test_a_codec_has_the_psnr_of_its_figures_on_twelve_small_images(info):
    known = shipped.stored_figures(info)["psnr_db"]
    found = shipped.quality(info.path)
    assert len(found) >= 2
    assert found == pytest.approx(known, abs=shipped.TOLERANCE_DB)


def test_a_bank_needs_the_bits_of_its_figures():
    (bank,) = [info for info in CODECS if info.kind == BANK]
    known = shipped.stored_figures(bank)["bits_per_pixel"]
    found = shipped.bits_per_pixel(bank.path)
    assert list(found) == [f"Phi_{point}" for point in shipped.BANK_POINTS]
    assert found == pytest.approx(known, rel=shipped.RATE_TOLERANCE)
    assert sorted(found.values(), reverse=True) == list(found.values())


def test_what_is_no_codec_has_no_psnr_but_costs():
    others = [info for info in SHIPPED if not is_codec(info.kind)]
    assert {info.kind for info in others} == {"classifier", "importance", "inpainter", "refiner"}
    for info in others:
        figures = shipped.stored_figures(info)
        assert figures["psnr_db"] == {}
        assert figures["million_macs"] > 1
        assert figures["processor_ms"] > 0


def test_the_images_are_twelve_different_pieces_of_photos():
    images = shipped.small_images()
    assert images.shape == (12, 128, 128, 3)
    assert images.dtype == np.uint8
    assert images.std(axis=(1, 2, 3)).min() > 8
    assert len({image.tobytes() for image in images}) == 12
