"""inpainter: what was not sent of an image is filled in, and no image is lost to that."""

import numpy as np
import pytest

from gensc_models.catalogue.inpainters import load_inpainter
from gensc_models.restore.inpainting import MeanFill, keep_of_blocks
from gnuradio import gensc
from gnuradio.gensc.metadata import kept_blocks, read_image
from pdu_blocks import image_pdu, junk, smooth_image, through
from small_inpainter import store

# Blocks of 16x16 in an image of 40x60; the last ones are cut.
KEEP = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1]], dtype=bool)
SIZE = (40, 60)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(store(tmp_path_factory.mktemp("weights")))


def inpaint(block, *pdus):
    return [read_image(pdu) for pdu in through(block, pdus, "image", "image")]


def holed(image_id=3, **keys):
    return image_pdu(smooth_image(*SIZE), image_id, **{"keep": KEEP.ravel(), **keys})


def test_an_image_is_filled_in_as_the_model_itself_does(model):
    ((metadata, filled),) = inpaint(gensc.inpainter(model), holed())
    keep = keep_of_blocks(KEEP, *SIZE)
    expected = load_inpainter(model).inpaint(smooth_image(*SIZE), keep)
    np.testing.assert_array_equal(filled, expected)
    np.testing.assert_array_equal(filled[keep], smooth_image(*SIZE)[keep])
    assert not np.array_equal(filled, smooth_image(*SIZE))
    assert metadata.inpainter == "small-inpainter"


def test_the_metadata_passes_through(model):
    sent = {"snr_db": 7.0, "name": "x.png", "point": 4, "complete": True}
    ((metadata, _),) = inpaint(gensc.inpainter(model), holed(9, **sent))
    np.testing.assert_array_equal(kept_blocks(metadata), KEEP)
    found = {key: getattr(metadata, key) for key in (*sent, "image_id", "shape")}
    assert found == {**sent, "image_id": 9, "shape": (*SIZE, 3)}


def test_seeds_and_plain_models_are_chosen(model):
    (first,), (again,), (other,), (mean,) = (
        inpaint(block, holed())
        for block in (gensc.inpainter(model, "", 5), gensc.inpainter(model, "", 5),
                      gensc.inpainter(model, "", 6), gensc.inpainter("mean"))
    )  # fmt: skip
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])
    expected = MeanFill().inpaint(smooth_image(*SIZE), keep_of_blocks(KEEP, *SIZE))
    np.testing.assert_array_equal(mean[1], expected)


def test_an_image_of_which_all_was_sent_leaves_as_it_came(model):
    block = gensc.inpainter(model)
    whole = [holed(1, keep=np.ones(12, dtype=bool)), image_pdu(smooth_image(*SIZE), 2)]
    for number, (metadata, pixels) in enumerate(inpaint(block, *whole), 1):
        np.testing.assert_array_equal(pixels, smooth_image(*SIZE))
        assert (metadata.image_id, metadata.inpainter) == (number, None)
    assert (block.inpainted, block.failed) == (0, 0)


def test_it_can_be_switched_off_and_on():
    # A block for each: GNU Radio keeps a block's listeners of earlier flowgraphs, which are gone.
    for switches in ((True,), (False,), (False, True)):
        block, enabled = gensc.inpainter("mean"), switches[-1]
        for on in switches:
            block.set_enabled(on)
        ((metadata, pixels),) = inpaint(block, holed())
        assert np.array_equal(pixels, smooth_image(*SIZE)) is not enabled
        assert (metadata.inpainter == "mean") is enabled
        assert (block.inpainted, block.failed) == (int(enabled), 0)
    ((_, pixels),) = inpaint(gensc.inpainter("none"), holed())
    np.testing.assert_array_equal(pixels, smooth_image(*SIZE))


def test_a_mask_that_does_not_fit_costs_no_image(capfd):
    block = gensc.inpainter("mean")
    out = inpaint(block, holed(3, keep=np.ones(5, dtype=bool)), holed(4))
    np.testing.assert_array_equal(out[0][1], smooth_image(*SIZE))
    assert [m.image_id for m, _ in out] == [3, 4]
    assert (block.failed, block.inpainted, block.dropped) == (1, 1, 0)
    output = "".join(capfd.readouterr())
    assert "image 3 passes with holes (1): PduError: keep has 5 flags for 3x4 blocks" in output


def test_a_fault_of_the_model_costs_no_image(monkeypatch):
    block = gensc.inpainter("mean")

    def fail(*arguments, **options):
        raise MemoryError("no room")

    monkeypatch.setattr(block._inpainter, "inpaint", fail)
    out = inpaint(block, *(holed(i) for i in range(3)))
    assert [m.image_id for m, _ in out] == [0, 1, 2]
    assert all(np.array_equal(pixels, smooth_image(*SIZE)) for _, pixels in out)
    assert block.failed == 3


def test_what_is_no_image_is_counted():
    block = gensc.inpainter("mean")
    assert len(inpaint(block, *junk(), holed())) == 1
    assert (block.dropped, block.failed) == (len(junk()), 0)


@pytest.mark.parametrize("name", ["nobody", "softcast"])
def test_models_that_cannot_be_used_are_named(name):
    with pytest.raises(gensc.GenscError, match=f"inpainter '{name}'"):
        gensc.inpainter(name)
