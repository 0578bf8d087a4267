"""Which images a path names, and what becomes of odd ones."""

import numpy as np
import pytest
from PIL import Image

from gnuradio.gensc.errors import GenscError
from gnuradio.gensc.image_files import SKIMAGE_PHOTOS, image_paths, read_image


@pytest.fixture
def folder(tmp_path):
    for name in ("b.png", "a.JPG", "c[1].png"):
        Image.new("RGB", (6, 4), "red").save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    return tmp_path


def names(paths):
    return [path.rsplit("/", 1)[-1] for path in paths]


def test_a_folder_is_its_images_in_order(folder):
    assert names(image_paths(str(folder))) == ["a.JPG", "b.png", "c[1].png"]


def test_a_pattern_is_what_it_matches(folder):
    assert names(image_paths(f"{folder}/b.*")) == ["b.png"]


def test_a_file_with_a_bracket_in_its_name_is_that_file(folder):
    assert names(image_paths(f"{folder}/c[1].png")) == ["c[1].png"]


def test_scikit_image_brings_photos():
    assert image_paths("skimage:") == [f"skimage:{name}" for name in SKIMAGE_PHOTOS]
    assert read_image("skimage:coffee", max_side=60).shape == (40, 60, 3)


@pytest.mark.parametrize("path", ["", "/nowhere/x.png", "skimage:nobody", "/nowhere/*.png"])
def test_a_path_that_names_nothing_is_refused(path):
    with pytest.raises(GenscError, match=r"no image there|no photo"):
        image_paths(path)


def test_a_file_that_is_no_image_is_named(folder):
    with pytest.raises(GenscError, match=r"notes\.txt: not an image"):
        read_image(str(folder / "notes.txt"))


def test_a_truncated_image_is_named(folder):
    data = (folder / "b.png").read_bytes()
    (folder / "b.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(GenscError, match=r"b\.png: (damaged or cut short|not an image)"):
        read_image(str(folder / "b.png"))


def test_transparent_pixels_lie_on_white(tmp_path):
    Image.new("RGBA", (3, 2), (200, 0, 0, 0)).save(tmp_path / "clear.png")
    assert (read_image(str(tmp_path / "clear.png")) == 255).all()


def test_sixteen_bits_become_eight(tmp_path):
    Image.fromarray(np.array([[0, 32768, 65535]], np.uint16)).save(tmp_path / "deep.png")
    assert read_image(str(tmp_path / "deep.png"))[0, :, 0].tolist() == [0, 128, 255]


def test_an_image_no_header_can_describe_is_refused_and_can_be_shrunk(tmp_path):
    Image.new("L", (17000, 10)).save(tmp_path / "wide.png")
    with pytest.raises(GenscError, match="17000x10"):
        read_image(str(tmp_path / "wide.png"))
    assert read_image(str(tmp_path / "wide.png"), max_side=1700).shape == (1, 1700, 3)


def test_a_huge_image_is_refused_before_it_is_decoded(tmp_path):
    Image.new("1", (12000, 9000)).save(tmp_path / "huge.png")
    with pytest.raises(GenscError, match="12000x9000"):
        read_image(str(tmp_path / "huge.png"))
