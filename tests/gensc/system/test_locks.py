"""locks: one holds a file, and whatever ends it lets go."""

import subprocess
import sys

import pytest

from gensc.system.locks import hold, is_held

HOLDER = """
import sys
from pathlib import Path
from gensc.system.locks import hold
file = hold(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_one_holds_it_until_it_is_closed(tmp_path):
    path = tmp_path / "lock"
    assert not is_held(path)
    first = hold(path)
    assert first is not None
    assert hold(path) is None
    assert is_held(path)
    first.close()
    assert not is_held(path)
    with hold(path):
        assert is_held(path)


def test_a_process_that_is_killed_lets_go(tmp_path):
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"held\n"
        assert hold(path) is None
        holder.kill()
    with hold(path):
        assert is_held(path)


def test_what_cannot_be_made_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        hold(tmp_path / "nowhere" / "lock")
