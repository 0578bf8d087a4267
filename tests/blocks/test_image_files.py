"""Which images a path names, and what becomes of odd ones."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from gnuradio.gensc import image_files
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


def test_folders_are_searched_to_their_depths_and_hidden_files_passed_over(folder):
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    Image.new("RGB", (20, 20)).save(below / "deep.png")
    (folder / "._photo.jpg").write_bytes(b"not a picture")
    found = image_paths(str(folder))
    assert str(below / "deep.png") in found
    assert not [p for p in found if "._" in p]


def test_colours_of_a_profile_become_srgb(tmp_path):
    # A profile whose red and green are each other's: what a viewer shows is swapped back.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = bytearray(srgb)
    tags = {srgb[k : k + 4]: k for k in range(132, 132 + 12 * 16, 12)}
    red, green = (tags[name] + 4 for name in (b"rXYZ", b"gXYZ"))
    swapped[red : red + 8], swapped[green : green + 8] = (
        swapped[green : green + 8], swapped[red : red + 8],
    )  # fmt: skip
    profile = bytes(swapped).replace("sRGB".encode("utf-16-be"), "tRGB".encode("utf-16-be"))
    assert profile != bytes(swapped)
    Image.new("RGB", (16, 16), (255, 0, 0)).save(tmp_path / "p.png", icc_profile=profile)
    shown = read_image(str(tmp_path / "p.png"))[0, 0]
    assert shown[1] > 200 > 60 > shown[0]


def test_a_profile_that_is_none_is_passed_over(tmp_path):
    Image.new("RGB", (16, 16), (10, 200, 30)).save(tmp_path / "p.png", icc_profile=b"junk" * 40)
    assert tuple(read_image(str(tmp_path / "p.png"))[0, 0]) == (10, 200, 30)


def test_a_decoder_that_runs_out_of_memory_is_a_damaged_file(folder, monkeypatch):
    def hungry(*_, **__):
        raise MemoryError

    monkeypatch.setattr(image_files, "_to_rgb", hungry)
    with pytest.raises(GenscError, match="damaged or cut short"):
        read_image(str(next(folder.glob("*.png"))))
