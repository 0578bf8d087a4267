"""Canvas: an image of any size on a canvas of a pipeline's size, and back."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.foundation.canvas import Canvas
from pdu_blocks import smooth_image

sides = st.integers(1, 90)


@settings(deadline=None)
@given(sides, sides, st.sampled_from([32, 64]), st.sampled_from([8, 16]))
def test_any_image_fills_a_canvas_of_about_the_area_and_comes_back_at_its_size(
    height, width, side, multiple
):
    canvas = Canvas.of_area(height, width, side, multiple)
    picture = canvas.lay(smooth_image(height, width))
    assert picture.size == canvas.outer[::-1]
    assert all(n % multiple == 0 for n in canvas.outer)
    inner_area = canvas.inner[0] * canvas.inner[1]
    assert 0.4 * side**2 < inner_area < 2 * side**2
    assert canvas.lift(np.asarray(picture)).shape == (height, width, 3)


@settings(deadline=None)
@given(sides, sides, st.sampled_from([(64, 64), (64, 96), (96, 64)]))
def test_any_image_fits_a_canvas_of_a_given_size_along_one_side(height, width, outer):
    canvas = Canvas.within(height, width, outer)
    assert all(inner <= size for inner, size in zip(canvas.inner, outer, strict=True))
    assert canvas.inner[0] == outer[0] or canvas.inner[1] == outer[1]
    picture = canvas.lay(smooth_image(height, width))
    assert picture.size == outer[::-1]
    assert canvas.lift(np.asarray(picture)).shape == (height, width, 3)


def test_an_image_of_the_right_size_passes_untouched():
    image = smooth_image(32, 32)
    canvas = Canvas.of_area(32, 32, 32, 8)
    assert np.array_equal(canvas.lay(image), image)
    assert np.array_equal(canvas.lift(np.asarray(canvas.lay(image))), image)


def test_an_image_that_is_scaled_comes_back_much_as_it_was():
    image = smooth_image(48, 64)
    canvas = Canvas.of_area(48, 64, 100, 8)
    back = canvas.lift(np.asarray(canvas.lay(image)))
    assert np.abs(back.astype(int) - image).mean() < 1


def test_the_margin_mirrors_the_image():
    canvas = Canvas.of_area(16, 12, 14, 8)
    picture = np.asarray(canvas.lay(smooth_image(16, 12)))
    width = canvas.inner[1]
    assert canvas.outer[1] > width
    assert np.array_equal(picture[:, width], picture[:, width - 1])


@given(st.integers(0, 39), st.integers(0, 59))
def test_not_even_the_smallest_hole_is_lost_on_a_smaller_canvas(row, column):
    holes = np.zeros((40, 60), bool)
    holes[row, column] = True
    canvas = Canvas.of_area(40, 60, 16, 8)
    assert np.asarray(canvas.lay_holes(holes)).max() == 255
    assert not np.asarray(canvas.lay_holes(np.zeros((40, 60), bool))).any()
