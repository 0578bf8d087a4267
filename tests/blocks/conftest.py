"""What the tests of blocks and of flowgraphs stand on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gnuradio import gensc

FLOWGRAPHS = Path(__file__).parents[2] / "flowgraphs"


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """All flowgraphs as Python programs, and what the compiler said."""
    folder = tmp_path_factory.mktemp("flowgraphs")
    files = [str(path) for path in sorted(FLOWGRAPHS.glob("*.grc"))]
    result = subprocess.run(
        [sys.executable, "/usr/bin/grcc", "-o", str(folder), *files],
        env=os.environ | {"GRC_BLOCKS_PATH": str(gensc.grc_blocks_path())},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    return folder
