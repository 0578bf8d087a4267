"""atomic: a file is there as a whole or not at all."""

import os
import stat

import pytest

from gensc_phy.atomic import (
    append,
    atomic_file,
    beside,
    make_folder,
    remove,
    write_bytes,
    write_text,
)


def test_what_fails_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(b"old")

    def cut_short():
        with atomic_file(path) as file:
            file.write(b"new, but cut")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_short()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_written_takes_the_name_of_what_was_there(tmp_path):
    path = tmp_path / "x.png"
    for data in (b"one", b"two"):
        write_bytes(path, data)
        assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_has_the_rights_that_any_new_file_has(tmp_path):
    (tmp_path / "plain").write_bytes(b"")
    write_bytes(tmp_path / "x", b"")
    plain, made = (stat.S_IMODE((tmp_path / n).stat().st_mode) for n in ("plain", "x"))
    assert made == plain


def test_a_long_name_is_no_obstacle(tmp_path):
    path = tmp_path / ("x" * 250)
    write_bytes(path, b"1")
    assert path.read_bytes() == b"1"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_an_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        write_bytes(tmp_path / "x", b"")


def test_a_long_name_of_other_letters_is_none_either(tmp_path):
    path = tmp_path / ("ä" * 120)
    write_text(path, "grüezi")
    assert path.read_text(encoding="utf-8") == "grüezi"


def test_a_library_that_writes_by_name_leaves_the_old_file_where_it_fails(tmp_path):
    path = tmp_path / "x.npz"
    path.write_bytes(b"old")

    def cut_short():
        with beside(path) as part:
            assert part.suffix != path.suffix
            part.write_bytes(b"half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        cut_short()
    assert path.read_bytes() == b"old"
    with beside(path) as part:
        part.write_bytes(b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_library_that_wrote_nothing_is_an_error_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    with pytest.raises(FileNotFoundError), beside(path):
        pass
    assert path.read_bytes() == b"old"


def test_folders_are_made_with_those_above_and_files_removed_once(tmp_path):
    folder = make_folder(tmp_path / "a" / "b")
    assert make_folder(folder) == folder
    write_bytes(folder / "x", b"1")
    for _ in range(2):
        remove(folder / "x")
    assert list(folder.iterdir()) == []


def test_a_line_that_does_not_fit_any_more_leaves_the_lines_before_it(tmp_path, full_at):
    full_at(100)
    path = tmp_path / "lines"
    with path.open("ab") as file:
        append(file.fileno(), b"x" * 59 + b"\n")
        with pytest.raises(OSError, match="File too large"):
            append(file.fileno(), b"y" * 59 + b"\n")
        append(file.fileno(), b"z\n")
    assert path.read_bytes() == b"x" * 59 + b"\nz\n"


def test_a_file_that_does_not_fit_leaves_the_old_one(tmp_path, full_at):
    full_at(100)
    path = tmp_path / "x"
    write_bytes(path, b"old")
    with pytest.raises(OSError, match="File too large"):
        write_bytes(path, bytes(200))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
