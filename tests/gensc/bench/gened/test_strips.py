"""Strips of photos: what is in which cell, and where the red box of a failure is."""

import numpy as np

from gened_sets import marked
from gensc.bench.gened.schemes import EDITED, GENED, LABELS, SWIN
from gensc.bench.gened.strips import BOX, Strips

HERE = (32, 4.0)


def kept_of(images, damage=0, places=(HERE,)):
    """Pictures of the images that differ from them by a constant, and by `damage` in one corner."""
    kept = {}
    for place in places:
        for scheme in (GENED, EDITED, SWIN):
            for image in images:
                picture = (image.pixels // 2 + 40).astype(np.uint8)
                picture[20:40, 50:70] //= 1 + damage
                mask = None if scheme == SWIN else image.foreground
                kept[place, scheme, image.name] = picture, mask
    return kept


def words(figure):
    return [t.get_text() for ax in figure.axes for t in (ax.title, *ax.texts) if t.get_text()]


def shown(figure):
    return [ax.images[0].get_array() for ax in figure.axes]


def test_a_row_per_photo_and_a_column_per_scheme_after_original_and_mask():
    images = [marked(), marked("suit", 200, 160)]
    figure = Strips(kept_of(images), images).by_scheme(LABELS, HERE, "title")
    assert len(figure.axes) == 2 * 5
    assert words(figure)[:2] == ["original", "face"]
    assert "SwinJSCC" in words(figure)
    assert shown(figure)[0].shape == (96, 96, 3)


def test_the_square_is_around_the_foreground():
    image = marked()
    figure = Strips(kept_of([image]), [image]).by_scheme(LABELS, HERE, "title")
    # The foreground's centre is at column 69.5 of 128, so the square begins at 21.
    assert np.array_equal(shown(figure)[0], image.pixels[:, 21:117])


def test_every_snr_has_three_columns():
    places = [(32, s) for s in (1.0, 10.0)]
    image = marked()
    figure = Strips(kept_of([image], places=places), [image]).by_snr(places, "title")
    assert [w for w in words(figure) if w.endswith("10 dB")] == [
        "SwinJSCC, 10 dB",
        "coarse, 10 dB",
        "edited, 10 dB",
    ]
    assert len(figure.axes) == 2 + 6


def test_what_was_not_run_stays_empty():
    image, kept = marked(), kept_of([marked()])
    del kept[HERE, EDITED, "face"]
    figure = Strips(kept, [image]).by_snr([HERE], "title")
    assert len(figure.axes) == 2 + 2


def test_failures_are_the_worst_first_with_a_box_around_the_worst_of_them():
    images = [marked("good"), marked("bad")]
    kept = kept_of([images[0]]) | kept_of([images[1]], damage=9)
    figure = Strips(kept, images).failures(HERE, 1, "title")
    assert "bad" in words(figure)
    assert "good" not in words(figure)
    boxes = [patch for ax in figure.axes for patch in ax.patches]
    assert len(boxes) == 3
    left, top = boxes[0].get_xy()
    assert boxes[0].get_width() == BOX
    # The damage is at columns 29 to 49 of the square, rows 20 to 40.
    assert left <= 29
    assert left + BOX >= 49
    assert top <= 20
    assert top + BOX >= 40
