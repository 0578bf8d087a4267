"""Where GNU Radio Companion finds the blocks."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def grc_blocks_path() -> Path:
    """The folder with the blocks' yml files: what GRC_BLOCKS_PATH must hold.

    Raises:
        FileNotFoundError: the package was installed without them.
    """
    spec = find_spec("gnuradio.gensc.grc")
    for location in (spec.submodule_search_locations or []) if spec else []:
        if any(Path(location).glob("*.block.yml")):
            return Path(location)
    raise FileNotFoundError("gr-gensc is installed without its GRC blocks")
