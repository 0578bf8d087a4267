"""Small pictures of the report."""

import base64
import io

import numpy as np
from PIL import Image

from gensc.figures.pictures import constellation, data_uri, error_map


def test_error_map_is_dark_where_the_picture_is_right_and_bright_where_it_is_wrong():
    original = np.full((8, 8, 3), 100, np.uint8)
    received = original.copy()
    received[2, 3, 1] = 255
    shown = error_map(original, received).astype(int).sum(axis=2)
    assert shown[2, 3] > 500
    assert np.delete(shown.ravel(), 2 * 8 + 3).max() < 20


def test_constellation_is_bright_at_the_symbols_with_the_imaginary_axis_up():
    picture = constellation(np.full(50, 1 + 1j, np.complex64), side=120, reach=2.0)
    bright = np.argwhere(picture.astype(int).sum(axis=2) > 400)
    row, column = bright.mean(axis=0)
    assert abs(column - 90) < 2
    assert abs(row - 30) < 2


def test_constellation_of_no_symbols_is_drawn_all_the_same():
    assert constellation(np.zeros(0, np.complex64)).shape == (144, 144, 3)


def test_data_uri_holds_the_image_exactly_at_full_quality():
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    uri = data_uri(image, quality=100)
    assert uri.startswith("data:image/webp;base64,")
    decoded = Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).convert("RGB")
    assert np.array_equal(np.asarray(decoded), image)
