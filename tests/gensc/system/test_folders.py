"""Folders that cannot be written to are found out before the work."""

import os
from pathlib import Path

import pytest

from gensc.system.errors import UserError
from gensc.system.folders import usable_home, writable_folder


def test_a_folder_is_made_with_those_above_it_and_left_empty(tmp_path):
    assert list(writable_folder(tmp_path / "a" / "b").iterdir()) == []


@pytest.mark.parametrize("path", ["/proc/nowhere", "taken", "taken/below", "/proc/self"])
def test_a_folder_that_cannot_be_written_to_is_one_line(tmp_path, path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(UserError, match=r"--out .*; name another folder") as refused:
        writable_folder(tmp_path / path)
    assert str(tmp_path / path) in str(refused.value)


def test_a_home_that_cannot_be_made_is_replaced(monkeypatch):
    monkeypatch.setenv("HOME", "/proc/nowhere")
    usable_home()
    assert Path(os.environ["HOME"]).is_dir()


def test_a_good_home_stays(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    usable_home()
    assert os.environ["HOME"] == str(tmp_path)
