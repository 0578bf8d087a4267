"""The command line of the modules that make weights of a training checkpoint."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path


def export_command(
    prog: str,
    description: str | None,
    export: Callable[[Path, Path], Path],
    arguments: Sequence[str] | None = None,
) -> None:
    """Reads ``--checkpoint`` and ``--out``, calls ``export`` with them and prints what it made."""
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint.pt of a run")
    parser.add_argument("--out", type=Path, required=True, help="weights folder, named as they are")
    options = parser.parse_args(arguments)
    print(export(options.checkpoint, options.out))
