"""killed: nothing that was acknowledged is missing, nothing is half there."""

from archived import lost, png, record
from gensc.receiver.archive import Archive
from gensc.trials.robust.killed import _there, kill_at_random


def test_a_killed_writer_leaves_a_sound_archive_with_all_that_it_acknowledged(tmp_path):
    kills = kill_at_random(tmp_path / "archive", kills=4)
    assert sum(kill.acknowledged for kill in kills) > 4
    assert sum(kill.missing for kill in kills) == 0
    assert sum(kill.findings for kill in kills) == 0


def test_what_is_missing_would_be_counted(tmp_path):
    with Archive(tmp_path) as archive:
        archive.store(record(1), png())
        archive.lost(lost(2))
        sha256 = archive.get("a3f2-00001").file().sha256
        assert _there(archive, ("a3f2-00001", "coarse"), sha256)
        assert not _there(archive, ("a3f2-00001", "coarse"), "0" * 64)
        assert not _there(archive, ("a3f2-00001", "refined"), sha256)
        assert not _there(archive, ("a3f2-00009", "coarse"), sha256)
        assert _there(archive, ("a3f2-00002", "lost"), "")
