"""Data sets in their own layouts: what an example holds, and what is said where parts miss."""

import numpy as np
import pytest
from PIL import Image

from dataset_folders import SHAPE, box_mask, make_duts, make_voc, picture, save
from gensc.data.datasets import examples, load_dataset
from gensc.system.errors import UserError
from gensc_models.data.datasets import Dataset, Entry, duts, folder, open_dataset, voc


@pytest.fixture
def masked(tmp_path):
    """A folder `images` with three pictures, one of them further down, and their `saliency`."""
    for i, name in enumerate(("train_a", "test_b", "more/test_c")):
        save(tmp_path / "images" / f"{name}.jpg", picture(i))
        save(tmp_path / "saliency" / f"{name}.png", box_mask(2, 3, 4, 5, value=40 * i + 90))
    return tmp_path


def test_an_example_of_duts_has_an_image_and_the_mask_of_its_name(tmp_path):
    make_duts(tmp_path)
    test = duts(tmp_path)
    assert (test.title, len(test)) == ("DUTS-TE", 3)
    example = test[2]
    assert (example.name, example.label) == ("img_2", None)
    assert example.image.shape == (*SHAPE, 3)
    assert example.image.dtype == np.uint8
    assert np.array_equal(example.mask, box_mask(2, 2, 4, 5))


def test_duts_is_found_by_its_folder_and_by_that_of_one_part(tmp_path):
    make_duts(tmp_path)
    assert duts(tmp_path, "train").entries == duts(tmp_path / "DUTS-TR", "train").entries


def test_a_part_of_duts_that_is_not_there_is_named(tmp_path):
    make_duts(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no DUTS-TE/DUTS-TE-Image, so not DUTS \(test\)"):
        duts(tmp_path / "DUTS-TR")
    (tmp_path / "DUTS-TE" / "DUTS-TE-Mask" / "img_1.png").unlink()
    with pytest.raises(FileNotFoundError, match="DUTS-TE-Mask: no mask called img_1"):
        duts(tmp_path)


def test_an_example_of_voc_has_its_classes_the_largest_first_and_their_pixels(tmp_path):
    make_voc(tmp_path)
    street = voc(tmp_path)[0]
    assert (street.name, street.label) == ("street", "car")
    assert street.labels == ("car", "person")
    expected = (box_mask(2, 2, 10, 20) > 0) | (box_mask(14, 4, 6, 4) > 0)
    assert np.array_equal(street.foreground, expected)
    assert set(np.unique(street.mask)) == {0, 255}


def test_an_image_of_voc_without_a_mask_has_none(tmp_path):
    make_voc(tmp_path)
    val = voc(tmp_path)
    assert [example.name for example in val] == ["street", "sky"]
    assert (val[1].mask, val[1].foreground, val[1].labels) == (None, None, ())
    assert [example.name for example in val.with_masks()] == ["street"]


def test_objects_hard_to_recognise_give_no_label(tmp_path):
    make_voc(tmp_path)
    assert voc(tmp_path, "train")[0].labels == ("cow",)


def test_voc_is_found_from_every_folder_above_it(tmp_path):
    home = make_voc(tmp_path)
    expected = voc(home).entries
    assert voc(home.parent).entries == voc(tmp_path).entries == expected
    assert voc(home).title == "Pascal VOC2012 val"


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("JPEGImages", "no JPEGImages or VOCdevkit"),
        ("SegmentationClass", "no SegmentationClass"),
        ("ImageSets/Main/val.txt", r"val\.txt: missing"),
        ("ImageSets/Main/dog_val.txt", r"dog_val\.txt: missing"),
    ],
)
def test_a_part_of_voc_that_is_not_there_is_named(tmp_path, part, message):
    home = make_voc(tmp_path)
    (home / part).rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError, match=message):
        voc(tmp_path)


def test_a_list_of_voc_with_junk_is_named_with_its_line(tmp_path):
    home = make_voc(tmp_path)
    (home / "ImageSets" / "Main" / "cat_val.txt").write_text("street 1\nsky\n")
    with pytest.raises(ValueError, match=r"cat_val\.txt: line 2 has 1 fields"):
        voc(tmp_path)


def test_a_folder_has_its_images_in_order_named_by_their_place(masked):
    found = folder(masked / "images")
    assert [e.name for e in found] == ["more/test_c", "test_b", "train_a"]
    assert all(e.mask is None for e in found)


def test_a_folder_of_masks_gives_every_image_that_of_its_name(masked):
    found = folder(masked / "images", masked / "saliency")
    assert {e.name: int(e.mask.max()) for e in found} == {
        "train_a": 90, "test_b": 130, "more/test_c": 170
    }  # fmt: skip
    assert [int(e.foreground.sum()) for e in found] == [20, 20, 0]


def test_a_pattern_chooses_among_the_images(masked):
    found = folder(masked / "images" / "test_*", masked / "saliency")
    assert [e.name for e in found] == ["test_b"]


def test_a_name_that_begins_with_an_imagenet_class_gives_the_label(tmp_path):
    save(tmp_path / "n01484850_great_white_shark.png", picture(0))
    save(tmp_path / "n0148_no_class.png", picture(1))
    assert [e.label for e in folder(tmp_path)] == ["great white shark", None]


def test_folders_that_are_missing_or_empty_are_named(masked):
    (masked / "empty").mkdir()
    for missing in ("nowhere", "empty", "images/val_*"):
        with pytest.raises(FileNotFoundError, match=missing.replace("*", r"\*")):
            folder(masked / missing)
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder of masks"):
        folder(masked / "images", masked / "nowhere")
    (masked / "saliency" / "test_b.png").unlink()
    with pytest.raises(FileNotFoundError, match="no mask called test_b"):
        folder(masked / "images", masked / "saliency")


def test_nothing_is_read_before_it_is_asked_for(masked):
    (masked / "images" / "test_b.jpg").write_bytes(b"no picture")
    found = iter(folder(masked / "images"))
    assert next(found).name == "more/test_c"
    with pytest.raises(ValueError, match=r"test_b\.jpg: cannot be read as an image"):
        next(found)


def test_a_damaged_mask_and_one_of_another_size_are_named(masked):
    (masked / "saliency" / "test_b.png").write_bytes(b"\x89PNG\r\n\x1a\n junk")
    save(masked / "saliency" / "train_a.png", np.zeros((5, 5), np.uint8))
    found = folder(masked / "images", masked / "saliency")
    for index, message in ((1, "cannot be read as a mask"), (2, r"train_a\.png: \(5, 5\), but")):
        with pytest.raises(ValueError, match=message):
            found[index]


def test_masks_in_colour_count_by_their_brightness(tmp_path):
    save(tmp_path / "images" / "a.png", picture(0))
    mask = box_mask(0, 0, 9, 9)
    Image.fromarray(mask).convert("RGB").save(tmp_path / "a.png")
    entry = Entry("a", tmp_path / "images" / "a.png", tmp_path / "a.png")
    assert np.array_equal(entry.load().mask, mask)


def test_a_sample_is_spread_evenly_and_always_the_same(masked):
    image = masked / "images" / "test_b.jpg"
    many = Dataset("many", tuple(Entry(str(i), image) for i in range(10)))
    assert [e.name for e in many.sample(4)] == ["0", "2", "5", "7"]
    assert many.sample(99) == many
    with pytest.raises(ValueError, match="at least 1"):
        many.sample(0)


def test_a_data_set_without_masks_or_images_is_refused(masked):
    with pytest.raises(ValueError, match="no image has a mask"):
        folder(masked / "images").with_masks()
    with pytest.raises(ValueError, match="nothing: no images"):
        Dataset("nothing", ())


def test_spellings_name_every_kind_of_data_set(tmp_path, masked):
    make_duts(tmp_path / "d")
    make_voc(tmp_path / "v")
    assert open_dataset(f"duts:{tmp_path}/d", "train").title == "DUTS-TR"
    assert open_dataset(f"voc:{tmp_path}/v").title == "Pascal VOC2012 val"
    assert len(open_dataset(f"{masked}/images")) == 3
    both = open_dataset(f"{masked}/images/test_*+{masked}/saliency")
    assert [e.mask is not None for e in both] == [True]


def test_a_folder_with_a_plus_sign_is_that_folder(tmp_path):
    save(tmp_path / "a+b" / "x.png", picture(0))
    assert len(open_dataset(f"{tmp_path}/a+b")) == 1
    save(tmp_path / "m" / "x.png", box_mask(0, 0, 3, 3))
    assert open_dataset(f"{tmp_path}/a+b+{tmp_path}/m")[0].mask is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no data set; expected duts:PATH"),
        ("duts:", "names no folder"),
        ("voc:/nowhere", "no JPEGImages"),
        ("/nowhere", "no such folder"),
    ],
)
def test_a_mistake_in_the_spelling_is_one_line_that_names_the_option(text, message):
    with pytest.raises(UserError, match=f"^--images: .*{message}"):
        load_dataset(text, option="--images")


def test_an_unknown_split_is_refused(masked):
    with pytest.raises(ValueError, match="must be train or test"):
        open_dataset(str(masked), "val")


def test_on_the_command_line_a_damaged_image_is_the_users_business(masked):
    (masked / "images" / "test_b.jpg").write_bytes(b"")
    found = examples(load_dataset(f"{masked}/images"))
    assert next(found).name == "more/test_c"
    with pytest.raises(UserError, match="cannot be read as an image"):
        next(found)
