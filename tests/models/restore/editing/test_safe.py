"""SafeEditor: an answer within its time, or the received image and the reason."""

import threading
import time

import numpy as np
import pytest

from gensc_models.restore.editing import EditRefusedError, RefinerEditor, SafeEditor
from gensc_models.restore.refiner import load_refiner
from pdu_blocks import smooth_image
from small_refiner import store

IMAGE = smooth_image()


class Fake:
    """An editor that does what it is told, call after call; the last one again and again."""

    name = "fake"

    def __init__(self, *does):
        self.does = list(does)
        self.calls = []

    def edit(self, image, caption, mask=None, snr_db=None, seed=0):
        self.calls.append((caption, snr_db, seed))
        return self.does[min(len(self.calls), len(self.does)) - 1](image)


def brighter(image):
    return np.minimum(image.astype(int) + 4, 255).astype(np.uint8)


def fails(image):
    raise RuntimeError("no\nmemory")


def refuses(image):
    raise EditRefusedError("not this one")


def test_a_good_answer_is_shown():
    editor = Fake(brighter)
    edited = SafeEditor(editor).edit(IMAGE, "a meadow", snr_db=7.0, seed=3)
    assert np.array_equal(edited.image, brighter(IMAGE))
    assert (edited.kind, edited.reason, edited.attempts, edited.changed) == (
        "accepted",
        "",
        1,
        True,
    )
    assert editor.calls == [("a meadow", 7.0, 3)]


def test_a_failure_is_tried_once_more_with_another_seed():
    editor = Fake(fails, brighter)
    edited = SafeEditor(editor).edit(IMAGE, "", seed=5)
    assert (edited.kind, edited.attempts) == ("accepted", 2)
    assert [seed for _, _, seed in editor.calls] == [5, 6]


def test_two_failures_leave_the_image_as_it_is_and_say_why_in_one_line():
    edited = SafeEditor(Fake(fails)).edit(IMAGE, "")
    assert np.array_equal(edited.image, IMAGE)
    assert (edited.kind, edited.attempts, edited.changed) == ("failed", 2, False)
    assert edited.reason == "RuntimeError: no memory"


def test_a_refusal_is_final():
    edited = SafeEditor(Fake(refuses, brighter)).edit(IMAGE, "")
    assert (edited.kind, edited.attempts, edited.reason) == ("failed", 1, "refused: not this one")


@pytest.mark.parametrize(
    "answer",
    [None, "no image", IMAGE[:-1], IMAGE.astype(np.float32), IMAGE[..., 0]],
    ids=["nothing", "text", "wrong size", "wrong type", "no colours"],
)
def test_an_answer_that_is_no_such_image_is_a_failure(answer):
    edited = SafeEditor(Fake(lambda image: answer)).edit(IMAGE, "")
    assert np.array_equal(edited.image, IMAGE)
    assert (edited.kind, edited.reason) == ("failed", "it gave no image of 64x48")


def test_even_an_editor_that_wants_to_end_the_process_does_not():
    def leaves(image):
        raise SystemExit(3)

    assert SafeEditor(Fake(leaves)).edit(IMAGE, "").reason.startswith("SystemExit")


def test_an_editor_that_does_not_answer_is_left_behind_and_asked_again_when_it_has():
    release = threading.Event()

    def hangs(image):
        release.wait(20)
        return image

    safe = SafeEditor(Fake(hangs, brighter), limit_s=0.3)
    started = time.monotonic()
    first, second = safe.edit(IMAGE, ""), safe.edit(IMAGE, "")
    assert time.monotonic() - started < 5
    assert (first.kind, first.reason, first.attempts) == ("failed", "no answer within 0.3 s", 1)
    assert (second.reason, second.attempts) == ("the editor still works on an earlier image", 0)
    assert np.array_equal(second.image, IMAGE)
    release.set()
    safe._busy._thread.join()
    assert safe.edit(IMAGE, "").kind == "accepted"


def test_it_can_be_called_off():
    release = threading.Event()
    safe = SafeEditor(Fake(lambda image: release.wait(20)), limit_s=20)
    edited = safe.edit(IMAGE, "", cancelled=lambda: True)
    release.set()
    assert (edited.kind, edited.reason) == ("failed", "cancelled")


def test_what_was_left_behind_can_be_waited_for():
    release = threading.Event()
    safe = SafeEditor(Fake(lambda image: release.wait(30) and image), limit_s=0.05)
    assert safe.settle(0.0)
    assert safe.edit(IMAGE, "").kind == "failed"
    assert not safe.settle(0.05)
    release.set()
    assert safe.settle(20.0)


def test_another_scene_is_rejected_and_what_goes_too_far_is_blended():
    edited = SafeEditor(Fake(lambda image: 255 - image)).edit(IMAGE, "")
    assert edited.kind == "rejected"
    assert np.array_equal(edited.image, IMAGE)
    assert edited.drift.structure < 0
    far = SafeEditor(Fake(lambda image: (image * 0.8).astype(np.uint8))).edit(IMAGE, "")
    assert (far.kind, far.changed) == ("blended", True)


def test_the_editor_cannot_write_to_the_received_image():
    def scribbles(image):
        image[:] = 0
        raise RuntimeError

    image = IMAGE.copy()
    assert np.array_equal(SafeEditor(Fake(scribbles)).edit(image, "").image, IMAGE)


def test_the_refiner_is_an_editor_that_needs_the_snr(tmp_path):
    refiner = load_refiner(store(tmp_path))
    editor = RefinerEditor(refiner)
    edited = editor.edit(IMAGE, "not read", snr_db=6.0, seed=2)
    assert np.array_equal(edited, refiner.refine(IMAGE, 6.0, 2))
    assert editor.name == "small-refiner"
    for snr_db in (None, float("nan")):
        assert "SNR" in SafeEditor(editor).edit(IMAGE, "", snr_db=snr_db).reason
    small = SafeEditor(editor).edit(IMAGE[:8], "", snr_db=5.0)
    assert small.reason.startswith("refused: image of 64x8")
