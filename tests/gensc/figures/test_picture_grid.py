"""Sheets of pictures: rows and columns of one shape, with words and frames."""

import numpy as np

from gensc.figures.picture_grid import Cell, sheet

PHOTO = np.full((60, 120, 3), 128, np.uint8)


def test_pictures_stand_in_rows_and_columns_with_their_words():
    rows = [[Cell(PHOTO, "first"), Cell(PHOTO, "second")], [None, Cell(PHOTO)]]
    figure = sheet(rows, "title", ("left", "right"), width=2.0)
    left, right, below = figure.axes
    assert [ax.get_title() for ax in figure.axes] == ["left", "right", ""]
    assert [ax.texts[0].get_text() for ax in figure.axes] == ["first", "second", ""]
    assert figure.texts[0].get_text() == "title"
    first, other, under = (ax.get_position() for ax in (left, right, below))
    assert first.x1 < other.x0
    assert under.y1 < other.y0
    assert (under.x0, under.width) == (other.x0, other.width)


def test_a_picture_keeps_its_shape():
    (ax,) = sheet([[Cell(PHOTO)]], width=2.0).axes
    box, size = ax.get_position(), ax.figure.get_size_inches()
    assert np.isclose(box.width * size[0] / (box.height * size[1]), 2.0)


def test_what_went_wrong_is_framed():
    (ax,) = sheet([[Cell(PHOTO, box=(slice(10, 30), slice(40, 80)))]]).axes
    (frame,) = ax.patches
    assert (frame.get_xy(), frame.get_width(), frame.get_height()) == ((40, 10), 40, 20)
