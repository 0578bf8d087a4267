"""Pictures of every kind are opened as uint8 RGB, or refused in one line that says why."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from gensc.data.images import (
    display_name,
    display_names,
    expand,
    fit,
    load_image,
    scale_to_area,
    spread,
)
from gensc.system.errors import UserError


def save(path, array, mode=None, **options):
    Image.fromarray(array, mode).save(path, **options)
    return path


def refused(path, **options):
    with pytest.raises(UserError) as caught:
        load_image(path, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def png_claiming(path, width, height):
    """A valid PNG header of that size with no picture behind it."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    )
    return path


@pytest.fixture
def photo():
    return np.random.default_rng(1).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def test_rgb_png_comes_back_exactly(tmp_path, photo):
    assert np.array_equal(load_image(save(tmp_path / "a.png", photo)), photo)


def test_transparency_is_composited_over_white(tmp_path, photo):
    alpha = np.zeros((48, 64, 1), np.uint8)
    alpha[:24] = 255
    loaded = load_image(save(tmp_path / "a.png", np.concatenate([photo, alpha], axis=2)))
    assert np.array_equal(loaded[:24], photo[:24])
    assert (loaded[24:] == 255).all()


def test_palette_transparency_is_composited_too(tmp_path):
    image = Image.new("P", (32, 32), 0)
    image.putpalette([10, 20, 30] + [0] * 765)
    image.save(tmp_path / "a.png", transparency=0)
    assert (load_image(tmp_path / "a.png") == 255).all()


def test_sixteen_bit_gray_is_scaled_not_clipped(tmp_path):
    ramp = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (48, 1))
    loaded = load_image(save(tmp_path / "a.png", ramp))
    assert loaded.shape == (48, 64, 3)
    assert np.abs(loaded[0, :, 0] - np.linspace(0, 255, 64)).max() <= 1


def test_float_tiff_in_unit_range_is_scaled(tmp_path):
    half = np.full((32, 32), 0.5, np.float32)
    half[0, 0] = 1.0
    loaded = load_image(save(tmp_path / "a.tif", half))
    assert loaded[5, 5, 0] == 128
    assert loaded[0, 0, 0] == 255


def test_negative_samples_are_refused(tmp_path):
    assert "0…65535" in refused(save(tmp_path / "a.tif", np.full((32, 32), -1.0, np.float32)))


@pytest.mark.parametrize("mode", ["L", "1", "CMYK", "LA", "P", "YCbCr"])
def test_every_colour_mode_becomes_rgb(tmp_path, mode, photo):
    path = tmp_path / ("a.jpg" if mode in ("CMYK", "YCbCr") else "a.png")
    Image.fromarray(photo).convert(mode).save(path)
    assert load_image(path).shape == (48, 64, 3)


def test_exif_orientation_is_applied(tmp_path, photo):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90°
    Image.fromarray(photo).save(tmp_path / "a.jpg", exif=exif)
    assert load_image(tmp_path / "a.jpg").shape == (64, 48, 3)


def test_missing_file_is_named(tmp_path):
    assert refused(tmp_path / "nowhere.png").endswith("nowhere.png: no such file")


def test_text_file_is_not_an_image(tmp_path):
    (tmp_path / "a.png").write_text("hello")
    assert "not an image" in refused(tmp_path / "a.png")


def test_empty_file_is_not_an_image(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    assert "not an image" in refused(tmp_path / "a.png")


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "tif", "bmp", "webp"])
def test_file_cut_short_is_called_so(tmp_path, kind, photo):
    path = save(tmp_path / f"a.{kind}", photo)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    message = refused(path)
    assert "cut short" in message or "not an image" in message


def test_single_pixel_is_refused_with_the_least_size(tmp_path):
    message = refused(save(tmp_path / "a.png", np.zeros((1, 1, 3), np.uint8)))
    assert "1x1" in message
    assert "16 pixels" in message


def test_twelve_thousand_by_nine_thousand_is_refused_with_the_way_out(tmp_path):
    message = refused(png_claiming(tmp_path / "a.png", 12000, 9000))
    assert "12000x9000" in message
    assert "--max-side" in message


def test_decompression_bomb_is_refused_even_with_max_side(tmp_path):
    assert "too large" in refused(png_claiming(tmp_path / "a.png", 60000, 60000), max_side=512)


def test_max_side_scales_down_and_keeps_the_shape(tmp_path):
    big = np.zeros((300, 600, 3), np.uint8)
    assert load_image(save(tmp_path / "a.png", big), max_side=100).shape == (50, 100, 3)
    assert load_image(tmp_path / "a.png", max_side=1000).shape == (300, 600, 3)


def test_max_side_never_leaves_less_than_a_block(tmp_path):
    sliver = np.zeros((20, 2000, 3), np.uint8)
    assert "--max-side" in refused(save(tmp_path / "a.png", sliver), max_side=200)


def test_folder_is_not_an_image(tmp_path):
    assert "is a folder" in refused(tmp_path)


def test_folder_expands_to_its_images_in_order(tmp_path, photo):
    for name in ("b.png", "a.jpg", "notes.txt"):
        path = tmp_path / name
        path.write_text("x") if name.endswith("txt") else save(path, photo)
    assert [display_name(p) for p in expand([str(tmp_path)])] == ["a", "b"]


def test_glob_expands_and_a_glob_without_match_is_refused(tmp_path, photo):
    save(tmp_path / "a.png", photo)
    assert expand([str(tmp_path / "*.png")]) == [str(tmp_path / "a.png")]
    with pytest.raises(UserError, match="no image there"):
        expand([str(tmp_path / "*.gif")])


def test_empty_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="no images"):
        expand([str(tmp_path)])


def test_sample_photos_are_found_by_name():
    assert load_image("skimage:chelsea").shape == (300, 451, 3)
    assert display_name("skimage:chelsea") == "chelsea"
    assert len(expand(["skimage:"])) == 4


def test_unknown_sample_names_the_ones_there_are():
    assert "astronaut" in refused("skimage:lena")


def test_a_picture_is_scaled_to_an_area_and_keeps_its_shape(photo):
    scaled = scale_to_area(photo, 4 * photo.shape[0] * photo.shape[1])
    assert scaled.shape == (2 * photo.shape[0], 2 * photo.shape[1], 3)
    small = scale_to_area(np.zeros((321, 481, 3), np.uint8), 256 * 256)
    assert small.shape == (209, 313, 3)


def test_fit_crops_the_middle():
    image = np.zeros((100, 300, 3), np.uint8)
    image[:, 100:200] = 255
    fitted = fit(image, 50, 50)
    assert fitted.shape == (50, 50, 3)
    assert fitted[2:-2, 2:-2].min() > 250


def test_a_part_of_the_pictures_is_evenly_spread_and_none_means_all():
    assert spread("abcdefgh", 4) == ["a", "c", "e", "g"]
    assert spread("ab", 4) == spread("ab", 0) == ["a", "b"]
    assert spread([], 3) == []


def test_pictures_of_one_name_are_numbered():
    paths = ["a/cat.png", "skimage:coffee", "b/cat.jpg", "dog.png", "c/cat.png"]
    assert display_names(paths) == ["cat", "coffee", "cat-2", "dog", "cat-3"]
