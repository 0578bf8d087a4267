"""`gensc grc` and `gensc grcc`: GNU Radio Companion and its compiler with our blocks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from gensc.system.blockpath import grc_environment, grc_tool
from gensc.system.errors import UserError
from gensc.system.folders import writable_folder

Files = Annotated[list[Path], typer.Argument(help="Flowgraphs (.grc).")]

#: Key of a command's context under which what follows `--` is kept.
_BEHIND = "gensc.behind"


class _TakesProgramOptions(TyperCommand):
    """A command that leaves what follows `--` to a program that it runs."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[_BEHIND] = args[at + 1 :]
        return super().parse_args(ctx, args[:at])


def register(app: typer.Typer) -> None:
    """Add `grc` and `grcc`."""
    app.command("grc")(grc)
    app.command("grcc", cls=_TakesProgramOptions)(grcc)


def grc(
    files: Annotated[list[Path] | None, typer.Argument(help="Flowgraphs (.grc).")] = None,
) -> int:
    """Open flowgraphs in GNU Radio Companion, this project's blocks included."""
    from gensc.system.display import check_display

    files = files or []
    _check(files)
    check_display("GNU Radio Companion", "gensc grcc compiles without one")
    return _run("gnuradio-companion", [str(f) for f in files])


def grcc(
    context: typer.Context,
    files: Files,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the programs.")] = Path(
        "."
    ),
    run: Annotated[bool, typer.Option("-r", "--run", help="Run the last one compiled.")] = False,
) -> int:
    """Compile flowgraphs to Python programs, this project's blocks included.

    With -r what follows -- is for the program: gensc grcc -r FLOWGRAPH -- --snr-db 5. Its options
    are the flowgraph's parameters; -- --help lists them.
    """
    from gensc.system.flowgraphs import flowgraph

    behind: list[str] = context.meta[_BEHIND]
    if behind and not run:
        raise UserError(f"-- {' '.join(behind)}: options of a program that is run; add -r")
    _check(files)
    last = flowgraph(files[-1]) if run else None
    if last is not None and last.has_window and "--help" not in behind and "-h" not in behind:
        from gensc.system.display import check_display

        check_display(str(files[-1]), "its form called *_headless.grc does without one")
    writable_folder(output, "-o")
    status = _run("grcc", ["-o", str(output), *(str(f) for f in files)])
    if status or last is None:
        return status
    program = [sys.executable, "-u", str(output / f"{last.name}.py"), *behind]
    return subprocess.call(program, env=grc_environment())


def _check(files: list[Path]) -> None:
    for file in files:
        if not file.is_file():
            raise UserError(f"{file}: no such file")


def _run(tool: str, arguments: list[str]) -> int:
    return subprocess.call([*grc_tool(tool), *arguments], env=grc_environment())
