"""editor: a received image to a better one, off GNU Radio's threads, and never to none."""

import threading
import time

import numpy as np
import pytest

from gensc_models.restore.refiner import load_refiner
from gnuradio import gensc, gr
from gnuradio.gensc.metadata import make_pdu, read_image
from pdu_blocks import Collect, Feed, image_pdu, junk, run, smooth_image, through
from small_refiner import store

IMAGE = smooth_image()


class Fake:
    """An editor that brightens, after as many seconds as the image's first pixel says."""

    name = "fake"

    def __init__(self, seconds=0.0):
        self.seconds = seconds
        self.captions = []
        self.masks = []
        self.ended = 0
        self.release = threading.Event()

    def edit(self, image, caption, mask=None, snr_db=None, seed=0):
        self.captions.append(caption)
        self.masks.append(mask)
        self.release.wait(self.seconds)
        self.ended += 1
        return np.minimum(image.astype(int) + 3, 255).astype(np.uint8)


def edit(block, *pdus):
    return [read_image(pdu) for pdu in through(block, pdus, "image", "image")]


def text_pdu(text, image_id, **keys):
    about = gensc.Metadata(image_id=image_id, shape=IMAGE.shape, **keys)
    return make_pdu(about, np.frombuffer(text.encode(), np.uint8))


def test_the_refiner_edits_as_it_does_alone(tmp_path):
    folder = store(tmp_path)
    block = gensc.editor(str(folder), 2)
    ((metadata, edited),) = edit(block, image_pdu(IMAGE, snr_db=7.0, name="x.png"))
    expected = load_refiner(folder).refine(IMAGE, 7.0, 2)
    assert (metadata.editor, metadata.name) == ("small-refiner", "x.png")
    assert metadata.edit in ("accepted", "blended", "rejected")
    if metadata.edit == "accepted":
        np.testing.assert_array_equal(edited, expected)


def test_images_leave_edited_and_in_order_however_long_each_takes():
    block = gensc.editor(Fake(0.05), wait_s=0.0)
    out = edit(block, *(image_pdu(smooth_image(seed=i), i) for i in range(7)))
    assert [metadata.image_id for metadata, _ in out] == list(range(7))
    for i, (metadata, pixels) in enumerate(out):
        assert metadata.edit == "accepted"
        assert np.array_equal(pixels, smooth_image(seed=i) + 3)
    assert (block.edited, block.failed, block.dropped) == (7, 0, 0)


def test_each_image_is_edited_with_its_own_caption():
    fake = Fake()
    block = gensc.editor(fake, wait_s=5.0)
    flowgraph = gr.top_block()
    images = Feed("image", [image_pdu(IMAGE, i) for i in (4, 5, 6)])
    texts = Feed("text", [text_pdu(f"caption {i}", i) for i in (4, 6)])
    sink = Collect("image")
    flowgraph.msg_connect(texts, "text", block, "text")
    flowgraph.msg_connect(images, "image", block, "image")
    flowgraph.msg_connect(block, "image", sink, "image")
    run(flowgraph)
    assert len(sink.messages) == 3
    assert fake.captions == ["caption 4", "", "caption 6"]


def test_a_caption_of_another_session_or_size_is_for_none_of_these_images():
    fake = Fake()
    block = gensc.editor(fake, wait_s=0.2)
    flowgraph = gr.top_block()
    keys = [{"session": 1}, {"session": 2}, {}]
    images = Feed("image", [image_pdu(IMAGE, 7, **k) for k in keys])
    others = [text_pdu("of session 3", 7, session=3), text_pdu("of session 2", 7, session=2)]
    sink = Collect("image")
    flowgraph.msg_connect(Feed("text", others), "text", block, "text")
    flowgraph.msg_connect(images, "image", block, "image")
    flowgraph.msg_connect(block, "image", sink, "image")
    run(flowgraph)
    assert fake.captions == ["", "of session 2", ""]


def test_an_image_waits_for_its_caption_and_not_for_ever():
    fake = Fake()
    block = gensc.editor(fake, wait_s=1.0)
    block.start()
    try:
        block._image(image_pdu(IMAGE, 1))
        block._image(image_pdu(IMAGE, 2))
        block._text(text_pdu("late but there", 1))
        deadline = time.monotonic() + 20
        while len(fake.captions) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    finally:
        block.stop()
    assert fake.captions == ["late but there", ""]


def test_the_blocks_that_were_sent_are_the_foreground():
    fake = Fake()
    keep = np.zeros(12, bool)
    keep[:4] = True
    bad = image_pdu(IMAGE, 1, keep=keep[:5])
    block = gensc.editor(fake, wait_s=0.0)
    out = edit(block, image_pdu(IMAGE, 0, keep=keep), bad, image_pdu(IMAGE, 2))
    assert [metadata.image_id for metadata, _ in out] == [0, 2]
    assert block.dropped == 1
    mask, none = fake.masks
    assert none is None
    assert mask.shape == IMAGE.shape[:2]
    assert (mask[:16] == 1).all()
    assert (mask[16:] == 0).all()


def test_an_editor_that_does_not_answer_costs_time_and_no_image():
    fake = Fake(60.0)
    block = gensc.editor(fake, limit_s=0.2)
    out = edit(block, *(image_pdu(IMAGE, i) for i in range(3)))
    fake.release.set()
    assert [metadata.image_id for metadata, _ in out] == [0, 1, 2]
    assert all(np.array_equal(pixels, IMAGE) for _, pixels in out)
    assert [metadata.edit for metadata, _ in out] == ["failed"] * 3
    assert out[0][0].edit_reason == "no answer within 0.2 s"
    assert block.failed == 3


def test_the_flowgraph_can_be_stopped_in_the_middle_of_an_edit():
    fake = Fake(60.0)
    block = gensc.editor(fake)
    flowgraph = gr.top_block()
    feed = Feed("image", [image_pdu(IMAGE)])
    flowgraph.msg_connect(feed, "image", block, "image")
    flowgraph.start()
    deadline = time.monotonic() + 20
    while not fake.captions and time.monotonic() < deadline:
        time.sleep(0.01)
    started = time.monotonic()
    flowgraph.stop()
    flowgraph.wait()
    fake.release.set()
    assert fake.captions == [""]
    assert time.monotonic() - started < 10


def test_a_stop_waits_for_an_edit_that_is_about_to_end():
    fake = Fake(0.5)
    block = gensc.editor(fake)
    block.start()
    block._image(image_pdu(IMAGE))
    while not fake.captions:
        time.sleep(0.01)
    block.stop()
    assert fake.ended == 1


def test_it_can_be_switched_off():
    fake = Fake()
    ((metadata, pixels),) = edit(gensc.editor(fake, enabled=False), image_pdu(IMAGE))
    assert (metadata.edit, fake.captions) == (None, [])
    assert np.array_equal(pixels, IMAGE)


def test_none_leaves_every_image_as_it_is_and_waits_for_nothing():
    block = gensc.editor("none", wait_s=60.0)
    ((metadata, pixels),) = edit(block, image_pdu(IMAGE))
    assert metadata.edit is None
    assert np.array_equal(pixels, IMAGE)


def test_what_is_no_image_is_counted():
    block = gensc.editor(Fake())
    assert len(edit(block, *junk(), image_pdu(IMAGE))) == 1
    assert block.dropped == len(junk())


@pytest.mark.parametrize("name", ["nobody", "softcast", "diffusers:./no/folder"])
def test_editors_that_cannot_be_had_are_named(name, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(gensc.GenscError, match=name):
        gensc.editor(name)


def test_whatever_an_edit_raises_the_image_passes_as_it_came_and_the_next_one_is_edited(
    monkeypatch,
):
    block = gensc.editor(Fake())
    edited, calls = block._edit, []

    def once(*told):
        calls.append(told)
        if len(calls) == 1:
            raise RuntimeError("a surprise")
        return edited(*told)

    monkeypatch.setattr(block, "_edit", once)
    out = edit(block, image_pdu(IMAGE, 0), image_pdu(IMAGE, 1))
    assert [np.array_equal(pixels, IMAGE) for _, pixels in out] == [True, False]
    assert (block.failed, block.unforeseen) == (1, 1)
