"""Photos with foregrounds: from data sets, from plain photos, and scikit-image's by hand."""

import numpy as np
import pytest
from PIL import Image

from gened_sets import save_set, two_photos
from gensc.experiment import marked
from gensc.experiment.marked import MOST_PIXELS, load
from gensc.system.errors import UserError


def test_samples_have_whole_blocks_a_caption_and_a_foreground_within():
    found = load("", None, 4)
    assert [m.name for m in found.photos] == ["astronaut", "chelsea", "coffee", "rocket"]
    for image in found.photos:
        assert image.pixels.shape[0] % 16 == image.pixels.shape[1] % 16 == 0
        assert 0.0 < image.foreground.mean() < 0.8
        assert image.caption


def test_a_data_set_is_read_with_its_masks(tmp_path):
    found = load(save_set(tmp_path), None, 2)
    assert found.marked_by == "masks of the data set"
    assert found.title == "/".join((tmp_path / "images").parts[-3:])
    for image, expected in zip(found.photos, two_photos().photos, strict=True):
        assert np.array_equal(image.pixels, expected.pixels)
        assert np.array_equal(image.foreground, expected.foreground)


def test_photos_without_a_foreground_are_left_out(tmp_path):
    spec = save_set(tmp_path)
    Image.new("L", (128, 96)).save(tmp_path / "maps" / "face.png")
    assert [m.name for m in load(spec, None, 2).photos] == ["suit"]


def test_a_data_set_without_any_foreground_is_a_mistake(tmp_path):
    spec = save_set(tmp_path)
    for name in ("face", "suit"):
        Image.new("L", (128, 96)).save(tmp_path / "maps" / f"{name}.png")
    with pytest.raises(UserError, match="no photo has a foreground"):
        load(spec, None, 2)


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        load(str(tmp_path / "nowhere"), None, 2)
    with pytest.raises(UserError, match="nowhere"):
        load("", [str(tmp_path / "nowhere.jpg")], 2)


def test_without_masks_the_importance_network_marks_and_it_is_said(tmp_path, monkeypatch):
    def left_half(photo):
        marks = np.zeros(photo.shape[:2], np.uint8)
        marks[:, : photo.shape[1] // 2] = 255
        return marks

    monkeypatch.setattr(marked, "_guesser", lambda: left_half)
    save_set(tmp_path)
    for found in (
        load(str(tmp_path / "images"), None, 2),
        load("", [str(tmp_path / "images")], 2),
    ):
        assert "importance network" in found.marked_by
        assert [m.foreground.mean() for m in found.photos] == [0.5, 0.5]


def test_large_photos_are_scaled_down_with_their_masks(tmp_path):
    for part, mode in (("images", "RGB"), ("maps", "L")):
        (tmp_path / part).mkdir()
        picture = Image.new(mode, (1600, 1200))
        picture.paste("white", (400, 300, 1200, 900))
        picture.save(tmp_path / part / "large.png")
    (image,) = load(f"{tmp_path / 'images'}+{tmp_path / 'maps'}", None, 1).photos
    assert image.pixels.shape[0] * image.pixels.shape[1] <= MOST_PIXELS
    white = image.pixels.mean(axis=2) > 128
    assert (white == image.foreground).mean() > 0.98


def test_a_part_of_a_set_keeps_its_title():
    part = two_photos().first(1)
    assert (len(part.photos), part.title) == (1, two_photos().title)
    assert part.said.startswith("1 photo of")


def test_the_square_is_around_the_foreground_and_within_the_photo():
    image = two_photos().photos[0]
    rows, columns = image.square(40)
    # The foreground is rows 20 to 59 and columns 50 to 89.
    assert (rows, columns) == (slice(19, 59), slice(49, 89))
    assert image.square(500) == (slice(0, 96), slice(21, 117))
