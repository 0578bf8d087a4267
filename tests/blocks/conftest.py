"""What the tests of blocks and of flowgraphs stand on."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gnuradio import gensc

FLOWGRAPHS = Path(__file__).parents[2] / "flowgraphs"


@pytest.fixture(scope="session")
def compiled(tmp_path_factory, worker_id):
    """All flowgraphs as Python programs, compiled once for all processes of the tests."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "flowgraphs"
    folder.mkdir(exist_ok=True)
    done = folder / "compiled"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            files = [str(path) for path in sorted(FLOWGRAPHS.glob("*.grc"))]
            result = subprocess.run(
                [sys.executable, "/usr/bin/grcc", "-o", str(folder), *files],
                env=os.environ | {"GRC_BLOCKS_PATH": str(gensc.grc_blocks_path())},
                capture_output=True, text=True, timeout=600,
            )  # fmt: skip
            assert result.returncode == 0, result.stdout + result.stderr
            done.touch()
    return folder
