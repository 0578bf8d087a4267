"""refiner: a received image to a better one, and never to none."""

import numpy as np
import pytest

from gensc_models.restore.refiner import load_refiner
from gnuradio import gensc
from gnuradio.gensc.metadata import read_image
from pdu_blocks import image_pdu, junk, smooth_image, through
from small_refiner import store


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(store(tmp_path_factory.mktemp("weights")))


def refine(block, *pdus):
    return [read_image(pdu) for pdu in through(block, pdus, "image", "image")]


def test_an_image_is_refined_as_the_model_itself_does(model):
    image = smooth_image()
    ((metadata, refined),) = refine(gensc.refiner(model), image_pdu(image, snr_db=7.0))
    expected = load_refiner(model).refine(image, 7.0)
    np.testing.assert_array_equal(refined, expected)
    assert not np.array_equal(refined, image)
    assert metadata.refiner == "small-refiner"


def test_the_metadata_passes_through(model):
    sent = {"snr_db": 7.0, "weights": 2, "rate": 32, "name": "x.png", "fragments": 3,
            "fragments_received": 2, "cfo_hz": -3.0}  # fmt: skip
    ((metadata, _),) = refine(gensc.refiner(model), image_pdu(smooth_image(), 9, **sent))
    assert metadata == gensc.Metadata(
        image_id=9, shape=(48, 64, 3), refiner="small-refiner", **sent
    )


def test_the_snr_of_the_image_is_the_condition(model):
    image = smooth_image()
    (_, low), (_, high) = refine(
        gensc.refiner(model), image_pdu(image, snr_db=0.0), image_pdu(image, snr_db=15.0)
    )
    assert not np.array_equal(low, high)


def test_equal_seeds_give_equal_images_and_others_others(model):
    pdu = image_pdu(smooth_image(), snr_db=3.0)
    (first,), (again,), (other,) = (refine(gensc.refiner(model, seed), pdu) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])


def test_images_of_all_sizes_leave_in_order(model):
    sizes = [(16, 16), (17, 40), (48, 64), (33, 31)]
    pdus = [image_pdu(smooth_image(*size), i, snr_db=5.0) for i, size in enumerate(sizes)]
    block = gensc.refiner(model)
    out = refine(block, *pdus)
    assert [(m.image_id, pixels.shape[:2]) for m, pixels in out] == list(enumerate(sizes))
    assert (block.refined, block.failed) == (4, 0)


def test_it_can_be_switched_off_and_on(model):
    image = smooth_image()
    # A block for each: GNU Radio keeps a block's listeners of earlier flowgraphs, which are gone.
    for switches in ((True,), (False,), (False, True)):
        block, enabled = gensc.refiner(model), switches[-1]
        for on in switches:
            block.set_enabled(on)
        ((metadata, pixels),) = refine(block, image_pdu(image, snr_db=5.0))
        assert np.array_equal(pixels, image) is not enabled
        assert (metadata.refiner is not None) is enabled
        assert (block.refined, block.failed) == (int(enabled), 0)
    ((_, pixels),) = refine(gensc.refiner(model, 0, False), image_pdu(image, snr_db=5.0))
    np.testing.assert_array_equal(pixels, image)


def test_none_leaves_every_image_as_it_is():
    image = smooth_image()
    block = gensc.refiner("none")
    ((metadata, pixels),) = refine(block, image_pdu(image, snr_db=5.0))
    np.testing.assert_array_equal(pixels, image)
    assert metadata.refiner is None
    assert block.failed == 0


@pytest.mark.parametrize(
    ("image", "keys", "why"),
    [
        (smooth_image(), {}, "SNR is not known"),
        (smooth_image(), {"snr_db": float("nan")}, "SNR is not known"),
        (smooth_image(8, 40), {"snr_db": 5.0}, "8"),
    ],
    ids=["no SNR", "an SNR that is no number", "too small"],
)
def test_an_image_that_cannot_be_refined_passes_as_it_came(model, image, keys, why, capfd):
    block = gensc.refiner(model)
    good = image_pdu(smooth_image(), 4, snr_db=5.0)
    (first, pixels), (second, _) = refine(block, image_pdu(image, 3, **keys), good)
    np.testing.assert_array_equal(pixels, image)
    assert (first.image_id, first.refiner) == (3, None)
    assert (second.image_id, second.refiner) == (4, "small-refiner")
    assert (block.failed, block.refined, block.dropped) == (1, 1, 0)
    output = "".join(capfd.readouterr())
    assert output.count("passes unrefined") == 1
    assert why in output


def test_a_fault_of_the_model_costs_no_image(model, monkeypatch):
    block = gensc.refiner(model)

    def fail(*arguments, **options):
        raise MemoryError("no room")

    monkeypatch.setattr(block._refiner, "refine", fail)
    image = smooth_image()
    out = refine(block, *(image_pdu(image, i, snr_db=5.0) for i in range(3)))
    assert [m.image_id for m, _ in out] == [0, 1, 2]
    assert all(np.array_equal(pixels, image) for _, pixels in out)
    assert block.failed == 3


def test_what_is_no_image_is_counted(model):
    block = gensc.refiner(model)
    assert len(refine(block, *junk(), image_pdu(smooth_image(), snr_db=5.0))) == 1
    assert (block.dropped, block.failed) == (len(junk()), 0)


@pytest.mark.parametrize("name", ["nobody", "softcast"])
def test_weights_that_are_no_refiner_are_named(name):
    with pytest.raises(gensc.GenscError, match=name):
        gensc.refiner(name)
