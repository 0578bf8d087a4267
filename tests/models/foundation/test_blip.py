"""BLIP: captions from a tiny model on disk, and one line where there is none."""

import sys

import numpy as np
import pytest

import tiny_foundation
from gensc_models.foundation import BlipCaptioner
from gensc_models.weights.hub import UnavailableError
from pdu_blocks import smooth_image


@pytest.fixture(scope="module")
def captioner(tmp_path_factory):
    return BlipCaptioner(str(tiny_foundation.blip(tmp_path_factory.mktemp("blip"))), tokens=8)


def test_a_caption_is_words_of_the_model_and_always_the_same(captioner):
    captions = [captioner.caption(smooth_image(37, 50)) for _ in range(2)]
    assert captions[0] == captions[1]
    assert set(captions[0].split()) <= {"a", "red", "cat", "on", "the", "grass"}
    assert len(captions[0].split()) <= 8


def test_images_of_every_shape_have_a_caption(captioner):
    for shape in ((16, 16, 3), (16, 200, 3), (300, 17, 3)):
        assert isinstance(captioner.caption(np.full(shape, 90, np.uint8)), str)


def test_without_the_extra_one_line_names_it(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "transformers"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(UnavailableError, match=r"BLIP needs .*'gr-gensc\[foundation\]'"):
        BlipCaptioner()


def test_weights_that_cannot_be_had_are_named_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for name in ("nobody/nothing", str(tmp_path)):
        with pytest.raises(UnavailableError, match="cannot be had") as caught:
            BlipCaptioner(name)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)
