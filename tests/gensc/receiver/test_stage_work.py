"""What stages do with images: the same that the models would, each image by its own facts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gensc.receiver.stage_work import Command, Job, edit, inpaint, refine
from gensc_models.restore.refiner import load_refiner


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    from small_refiner import store

    return str(store(tmp_path_factory.mktemp("weights")))


def job(key, side=32, snr_db=10.0, **others):
    rng = np.random.default_rng(int(key))
    image = rng.integers(0, 256, (side, side, 3), np.uint8)
    return Job(key, image, 0.0, snr_db, **others)


def test_images_of_several_sizes_are_each_refined_at_their_own_snr(weights):
    jobs = [job("1"), job("2", 48), job("3", snr_db=3.0), job("4", snr_db=None)]
    made = refine(weights)(jobs)
    refiner = load_refiner(weights)
    assert made[3] is None  # at no SNR there is nothing to do
    for one, image in zip(jobs[:3], made, strict=False):
        alone = refiner.refine(one.image, one.snr_db)
        assert np.abs(image.astype(int) - alone).max() <= 1
        assert not np.array_equal(image, one.image)


def test_only_what_was_not_sent_is_filled_in():
    keep = np.array([[True, False], [True, True]])
    holes, whole = job("1", keep=keep), job("2", keep=np.ones((2, 2), bool))
    made = inpaint("mean")([holes, whole, job("3")])
    assert made[1] is made[2] is None
    assert np.array_equal(made[0][16:], holes.image[16:])
    assert np.array_equal(made[0][:16, :16], holes.image[:16, :16])
    assert not np.array_equal(made[0][:16, 16:], holes.image[:16, 16:])


def test_an_edit_that_left_the_image_alone_is_nothing_new(weights):
    one = job("1")
    made = edit(weights, limit_s=60.0)([one, replace(one, snr_db=None)])
    assert made[1] is None  # refused: its SNR is not known
    assert made[0] is None or made[0].shape == one.image.shape


@pytest.mark.parametrize("make", [lambda: refine("nonesuch"), lambda: inpaint("nonesuch")])
def test_work_that_cannot_be_had_says_so(make):
    with pytest.raises(ValueError, match="nonesuch"):
        make()


def test_no_editor_is_none():
    with pytest.raises(ValueError, match="no editor"):
        edit("none", 1.0)


def test_a_command_is_what_its_process_is_started_with():
    assert Command("a:b", {"by": 2}).words() == ["a:b", '{"by": 2}']
