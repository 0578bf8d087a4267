"""Several pictures: names that tell them apart, and bad files that stop nothing."""

import numpy as np
import pytest
from PIL import Image

from gensc.data.images import load_image
from gensc.data.named import find, open_all
from gensc.system.errors import UserError


def photo(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(path)
    return str(path)


def names(*arguments, **options):
    return [one.name for one in find(arguments, **options)]


def test_a_picture_is_called_as_its_file(tmp_path):
    assert names(photo(tmp_path / "cat.jpg"), "skimage:coffee") == ["cat", "coffee"]


def test_pictures_of_one_name_are_told_apart_by_what_differs(tmp_path):
    jpeg, png = photo(tmp_path / "a" / "cat.jpg"), photo(tmp_path / "a" / "cat.png")
    assert names(jpeg, png) == ["cat.jpg", "cat.png"]
    other = photo(tmp_path / "b" / "cat.jpg")
    assert names(jpeg, other) == ["a/cat", "b/cat"]
    assert names(str(tmp_path)) == ["a/cat.jpg", "a/cat.png", "b/cat"]
    assert names(jpeg, jpeg) == ["cat.jpg", "cat.jpg-2"]


def test_a_limit_takes_from_all_of_them(tmp_path):
    for number in range(10):
        photo(tmp_path / f"{number}.png")
    assert names(str(tmp_path), limit=2) == ["0", "5"]


def test_hidden_files_and_what_is_no_picture_are_passed_over(tmp_path):
    photo(tmp_path / "deep" / "below" / "cat.png")
    (tmp_path / "._cat.png").write_bytes(b"left by another system")
    (tmp_path / "notes.txt").write_text("x")
    assert names(str(tmp_path)) == ["deep/below/cat"]


@pytest.mark.parametrize("argument", ["nowhere.png", "*.gif", "skimage:nobody"])
def test_nothing_there_is_said(tmp_path, monkeypatch, argument):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError):
        find([argument])


def test_a_bad_file_is_named_and_the_others_follow(tmp_path):
    photo(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("<html>")
    said = []
    opened = open_all(find([str(tmp_path)]), lambda one: load_image(one.path), said.append)
    assert [image.shape for image in opened] == [(16, 16, 3)]
    assert len(said) == 1
    assert "b.png: not an image" in said[0]


def test_nothing_but_bad_files_is_a_mistake(tmp_path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_text("<html>")
    with pytest.raises(UserError, match=r"none of 2 files .*a\.png: not an image"):
        open_all(find([str(tmp_path)]), lambda one: load_image(one.path), lambda line: None)
