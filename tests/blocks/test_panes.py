"""panes: whatever the stages are busy with, all panes show one image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gnuradio import gensc, gr
from gnuradio.gensc import panes
from gnuradio.gensc.metadata import Metadata
from pdu_blocks import Collect, Feed, image_pdu, run, smooth_image

IMAGE = smooth_image(16, 16)


class Screen:
    """Some panes of a group and what is on each."""

    def __init__(self, *, originals=(False, False, False)):
        self.group = panes.Panes()
        self.shown = [None] * len(originals)
        self.psnr = [None] * len(originals)
        self.history = []
        self.panes = [panes.Pane(self.show_on(i), original) for i, original in enumerate(originals)]
        for pane in self.panes:
            self.group.join(pane)

    def show_on(self, index):
        def show(metadata, image, psnr_db):
            self.shown[index], self.psnr[index] = metadata.key, psnr_db
            self.history.append((index, metadata.image_id))

        return show

    def put(self, index, image_id, image=IMAGE, **keys):
        about = Metadata(image_id=image_id, shape=image.shape, **({"session": 1} | keys))
        self.group.put(self.panes[index], about, image)


@given(st.lists(st.integers(0, 2), max_size=40), st.sets(st.integers(0, 12)))
@settings(deadline=None)
def test_at_any_time_all_panes_show_the_same_image(order, dropped):
    """Every pane gets the images in order; the last stage drops some."""
    screen, next_of = Screen(), [0, 0, 0]
    for pane in order:
        while pane == 2 and next_of[pane] in dropped:
            next_of[pane] += 1
        screen.put(pane, next_of[pane])
        next_of[pane] += 1
        assert len(set(screen.shown)) == 1
    got = [set(range(next_of[0])), set(range(next_of[1])), set(range(next_of[2])) - dropped]
    common = set.intersection(*got)
    assert screen.shown == [(1, max(common), 16, 16) if common else None] * 3


def test_the_same_number_of_another_session_or_size_is_another_image():
    screen = Screen(originals=(False, False))
    screen.put(0, 5)
    screen.put(1, 5, session=2)
    screen.put(1, 5, image=smooth_image(16, 32))
    assert screen.shown == [None, None]
    screen.put(1, 5)
    assert screen.shown == [(1, 5, 16, 16)] * 2


def test_no_pane_goes_back_to_an_older_image():
    screen = Screen(originals=(False, False))
    for pane, image_id in ((0, 1), (0, 2), (1, 2), (1, 1), (0, 1)):
        screen.put(pane, image_id)
    assert [image_id for _, image_id in screen.history] == [2, 2]


def test_a_pane_that_gets_nothing_stops_the_others_for_a_while_only():
    screen = Screen()
    for image_id in range(panes.PATIENCE + 2):
        screen.put(0, image_id)
        screen.put(1, image_id)
    assert screen.shown[0] == screen.shown[1] != screen.shown[2] is None
    screen.put(2, panes.PATIENCE + 1)
    screen.put(0, panes.PATIENCE + 2)
    assert screen.shown[0][1] == panes.PATIENCE + 1, "it is waited for again"


def test_received_images_say_their_psnr_where_the_original_is_among_the_panes():
    screen = Screen(originals=(True, False, False))
    screen.put(0, 1)
    screen.put(1, 1, IMAGE ^ 1, fragments_received=3)
    screen.put(2, 1, 255 - IMAGE)  # a picture of a mask, say
    assert screen.psnr[1] == pytest.approx(48.13, abs=0.01)
    assert screen.psnr[0] is screen.psnr[2] is None


def test_what_is_held_for_the_others_is_bounded():
    screen = Screen(originals=(False, False))
    large = np.zeros((1024, 1024, 3), np.uint8)
    for image_id in range(60):
        screen.put(0, image_id, large)
    assert sum(i.nbytes for _, i in screen.panes[0].held.values()) <= panes.HELD_BYTES


def test_groups_are_found_by_name_and_the_empty_name_is_none():
    first = panes.group("both")
    assert panes.group("both") is first
    assert panes.group("other") is not first
    assert panes.group("") is not panes.group("")


@pytest.mark.parametrize("block", [gensc.refiner, gensc.inpainter, gensc.editor])
def test_a_stage_that_is_behind_drops_to_the_newest_and_counts(block):
    stage = block("none", behind="newest")
    flowgraph = gr.top_block()
    feed = Feed("image", [image_pdu(IMAGE, i) for i in range(50)])
    sink = Collect("image")
    flowgraph.msg_connect(feed, "image", stage, "image")
    flowgraph.msg_connect(stage, "image", sink, "image")
    run(flowgraph)
    numbers = [gensc.metadata.read_image(pdu)[0].image_id for pdu in sink.messages]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 49
    assert stage.skipped + len(numbers) == 50


@pytest.mark.parametrize("block", [gensc.refiner, gensc.inpainter, gensc.editor])
def test_another_word_for_what_a_stage_does_is_refused(block):
    with pytest.raises(gensc.GenscError, match="behind 'hurry': must be wait or newest"):
        block("none", behind="hurry")
