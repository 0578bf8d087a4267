"""atomic: a file is there as a whole or not at all."""

import os
import stat

import pytest

from gnuradio.gensc.atomic import atomic_file, write_bytes


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
