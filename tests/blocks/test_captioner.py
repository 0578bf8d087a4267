"""captioner: what an image shows, as text with its number."""

import numpy as np
import pytest

import tiny_foundation
from gensc_models.foundation import BlipCaptioner
from gensc_models.semantics.captions import LayoutCaptioner
from gnuradio import gensc
from gnuradio.gensc.metadata import read_pdu
from pdu_blocks import image_pdu, junk, smooth_image, through

IMAGE = smooth_image()


class Told:
    """Says what it was given, and fails where that is "fail"."""

    name = "told"

    def __init__(self, *texts):
        self.texts = list(texts)

    def caption(self, image, path=""):
        text = self.texts.pop(0)
        if text == "fail":
            raise RuntimeError("no answer")
        return text


def captions(block, pdus):
    read = (read_pdu(m, np.uint8) for m in through(block, pdus, "image", "text"))
    return [(m.image_id, data.tobytes().decode()) for m, data in read]


def test_the_layout_of_an_image_is_described():
    expected = LayoutCaptioner().caption(IMAGE)
    assert captions(gensc.captioner(), [image_pdu(IMAGE, 4)]) == [(4, expected)]


def test_a_caption_says_which_image_it_is_of():
    (pdu,) = through(gensc.captioner(Told("Löwe")), [image_pdu(IMAGE, 9, name="x.png")], "image",
                     "text")  # fmt: skip
    metadata, _ = read_pdu(pdu, np.uint8)
    assert (metadata.image_id, metadata.shape, metadata.name) == (9, IMAGE.shape, "x.png")


def test_an_image_that_it_fails_on_has_no_caption_and_is_counted():
    block = gensc.captioner(Told("one", "fail", "", "four"))
    assert captions(block, [image_pdu(IMAGE, i) for i in range(4)]) == [(0, "one"), (3, "four")]
    assert block.dropped == 1


def test_blip_is_asked_by_the_folder_of_its_weights(monkeypatch, tmp_path):
    # The tiny model has nothing to say about any image.
    monkeypatch.setattr(BlipCaptioner, "caption", lambda self, image, path="": self.name)
    folder = tiny_foundation.blip(tmp_path)
    block = gensc.captioner(f"blip:{folder}")
    assert captions(block, [image_pdu(IMAGE, 1)]) == [(1, BlipCaptioner(str(folder)).name)]


@pytest.mark.parametrize("name", ["nobody", "blip:/nowhere"])
def test_an_unknown_captioner_is_one_line(name):
    with pytest.raises(gensc.GenscError, match=f"captioner '{name}'"):
        gensc.captioner(name)


def test_junk_is_counted():
    block = gensc.captioner()
    assert len(captions(block, [*junk(), image_pdu(IMAGE)])) == 1
    assert block.dropped == len(junk())
