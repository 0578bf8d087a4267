"""Where GNU Radio Companion finds this project's block descriptions."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from gensc.system.codecs import gnuradio_blocks
from gensc.system.errors import UserError


def block_folder() -> Path:
    """Folder of the installed ``*.block.yml`` files.

    GRC does not look inside virtual environments by itself, so its tools are started with this
    folder in GRC_BLOCKS_PATH.
    """
    try:
        return gnuradio_blocks().grc_blocks_path()
    except FileNotFoundError as error:
        raise UserError(f"{error}: run make setup") from error


def grc_environment() -> dict[str, str]:
    """This process's environment with `block_folder` first in GRC_BLOCKS_PATH."""
    earlier = os.environ.get("GRC_BLOCKS_PATH", "")
    ours = str(block_folder())
    return {**os.environ, "GRC_BLOCKS_PATH": os.pathsep.join(p for p in (ours, earlier) if p)}


def grc_tool(name: str) -> list[str]:
    """Command that runs GNU Radio's tool `name` (grcc, gnuradio-companion) by this very Python.

    The tools' own first line names the distribution's Python, which knows nothing of a virtual
    environment; flowgraphs they start would not find this project's blocks.
    """
    path = Path("/usr/bin") / name
    found = str(path) if path.exists() else shutil.which(name)
    if found is None:
        raise UserError(f"{name} is missing: install GNU Radio >= 3.10 (apt-get install gnuradio)")
    return [sys.executable, found]
