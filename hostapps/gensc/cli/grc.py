"""`gensc grc` and `gensc grcc`: GNU Radio Companion and its compiler with our blocks."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from gensc.system.blockpath import grc_environment, grc_tool
from gensc.system.errors import UserError

Files = Annotated[list[Path], typer.Argument(help="Flowgraphs (.grc).")]


def register(app: typer.Typer) -> None:
    """Add `grc` and `grcc`."""
    app.command("grc")(grc)
    app.command("grcc")(grcc)


def grc(
    files: Annotated[list[Path] | None, typer.Argument(help="Flowgraphs (.grc).")] = None,
) -> int:
    """Open flowgraphs in GNU Radio Companion, this project's blocks included."""
    files = files or []
    _check(files)
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UserError("GNU Radio Companion needs a display; gensc grcc compiles without one")
    return _run("gnuradio-companion", [str(f) for f in files])


def grcc(
    files: Files,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the programs.")] = Path(
        "."
    ),
    run: Annotated[bool, typer.Option("-r", "--run", help="Run the last one compiled.")] = False,
) -> int:
    """Compile flowgraphs to Python programs, this project's blocks included."""
    _check(files)
    output.mkdir(parents=True, exist_ok=True)
    arguments = ["-o", str(output), *(["-r"] if run else []), *(str(f) for f in files)]
    return _run("grcc", arguments)


def _check(files: list[Path]) -> None:
    for file in files:
        if not file.is_file():
            raise UserError(f"{file}: no such file")


def _run(tool: str, arguments: list[str]) -> int:
    return subprocess.call([*grc_tool(tool), *arguments], env=grc_environment())
