"""Captions of layout and colour: right about simple pictures, short, and always the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab
from skimage.data import astronaut, rocket

from gensc_models.semantics.captions import BYTES, LayoutCaptioner
from gensc_models.semantics.captions.colours import PROTOTYPES, colour_name
from gensc_models.semantics.captions.regions import find_regions
from gensc_phy.coding.bits import symbols_for
from gensc_phy.coding.text import DEFAULT_MCS

CAPTIONER = LayoutCaptioner()


def picture(background, *areas, height=120, width=160):
    """A picture with rectangles: (colour, top, bottom, left, right) in tenths of the sides."""
    image = np.full((height, width, 3), PROTOTYPES[background], np.uint8)
    for colour, top, bottom, left, right in areas:
        rows = slice(top * height // 10, bottom * height // 10)
        image[rows, left * width // 10 : right * width // 10] = PROTOTYPES[colour]
    return image


def test_every_colour_has_its_own_name():
    for name, rgb in PROTOTYPES.items():
        assert colour_name(rgb2lab(np.array([[rgb]], np.uint8))[0, 0]) == name


@pytest.mark.parametrize(
    ("rgb", "name"),
    [((255, 0, 0), "red"), ((0, 0, 255), "blue"), ((255, 255, 255), "white"), ((0, 0, 0), "black"),
     ((255, 230, 0), "yellow"), ((60, 40, 20), "dark brown"), ((128, 128, 128), "grey")],
)  # fmt: skip
def test_plain_colours_are_called_as_people_call_them(rgb, name):
    assert colour_name(rgb2lab(np.array([[rgb]], np.uint8))[0, 0]) == name


def test_an_area_is_measured():
    background, square = find_regions(picture("light blue", ("red", 2, 7, 5, 9)))
    assert square.share == pytest.approx(0.2, abs=0.02)
    assert (square.row, square.column) == pytest.approx((0.45, 0.7), abs=0.02)
    assert (background.border, square.border) == (1.0, 0.0)
    assert colour_name(square.lab) == "red"


@pytest.mark.parametrize(
    ("areas", "says"),
    [
        ([("red", 4, 6, 4, 6)], "A small red area in the centre."),
        ([("orange", 0, 3, 0, 3)], "An orange area at the top left."),
        ([("red", 3, 9, 6, 10)], "A large red area at the right."),
        ([("red", 1, 3, 1, 2), ("red", 7, 9, 8, 9)],
         "Two small red areas at the top left and at the bottom right."),
        ([("red", 3, 5, 4, 6), ("black", 5, 7, 4, 5)],
         "A small black area in the centre, below the first."),
    ],
)  # fmt: skip
def test_areas_are_told_with_number_size_colour_and_place(areas, says):
    text = CAPTIONER.caption(picture("light blue", *areas))
    assert "scene, the background light blue." in text
    assert says in text


def test_a_background_of_two_parts_and_the_tone():
    image = picture("dark blue", ("black", 6, 10, 0, 10))
    assert CAPTIONER.caption(image) == (
        "A dark scene, the background dark blue at the top and black at the bottom."
    )


def test_photographs():
    assert "dark blue" in CAPTIONER.caption(np.asarray(rocket()))
    text = CAPTIONER.caption(astronaut())
    assert "A large orange area at the bottom left." in text


def test_a_caption_costs_a_tenth_of_a_picture_of_256_by_256_at_most():
    text = CAPTIONER.caption(astronaut())
    assert 100 < len(text.encode()) <= BYTES
    assert symbols_for(BYTES, DEFAULT_MCS) == 849
    assert 849 < 0.11 * 256 * 256 * 3 / 24


@pytest.mark.parametrize("limit", [60, 100, 140])
def test_sentences_are_left_out_whole(limit):
    whole, short = CAPTIONER.caption(astronaut()), LayoutCaptioner(limit).caption(astronaut())
    assert whole.startswith(short)
    assert short.endswith(".")
    assert len(short) <= limit


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 10**6), st.integers(1, 20))
def test_every_image_has_a_caption_and_always_the_same(height, width, seed, coarse):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height // coarse + 1, width // coarse + 1, 3), np.uint8)
    image = image.repeat(coarse, axis=0).repeat(coarse, axis=1)[:height, :width]
    text = CAPTIONER.caption(image)
    assert text
    assert text == CAPTIONER.caption(image.copy(), "elsewhere.png")
    assert text.isascii()
    assert len(text) <= 200
