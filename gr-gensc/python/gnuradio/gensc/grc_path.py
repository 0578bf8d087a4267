"""Where GNU Radio Companion finds the blocks."""

from __future__ import annotations

import sys
from pathlib import Path


def grc_blocks_path() -> Path:
    """The folder with the blocks' yml files: what GRC_BLOCKS_PATH must hold.

    Raises:
        FileNotFoundError: the package was installed without them.
    """
    source = Path(__file__).parents[3] / "grc"
    installed = Path(sys.prefix) / "share" / "gnuradio" / "grc" / "blocks"
    for location in (source, installed):
        if any(location.glob("gensc_*.block.yml")):
            return location
    raise FileNotFoundError("gr-gensc is installed without its GRC blocks")
