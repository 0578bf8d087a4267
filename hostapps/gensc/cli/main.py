"""The `gensc` command: one sub-command per file of `gensc.cli`."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from importlib import metadata
from typing import Annotated

import typer

from gensc.cli import (
    adapt,
    archive,
    bench,
    calibrate,
    compare,
    config,
    demo,
    doctor,
    grc,
    keys,
    models,
    receive,
    send,
    serve,
    train,
)
from gensc.system.errors import UserError
from gensc.system.folders import usable_home
from gensc.system.terminal import say

#: Exit status after Ctrl-C, as shells have it.
INTERRUPTED = 130

app = typer.Typer(
    name="gensc",
    help="Send images over real GNU Radio flowgraphs by learned and classical codecs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(asked: bool) -> None:
    if asked:
        print(f"gensc {metadata.version('gr-gensc')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say it, and stop."),
    ] = False,
) -> None:
    """Send images over real GNU Radio flowgraphs by learned and classical codecs."""


for module in (
    demo,
    send,
    receive,
    compare,
    bench,
    train,
    models,
    adapt,
    serve,
    archive,
    grc,
    doctor,
    calibrate,
    config,
    keys,
):
    module.register(app)


def main(argv: list[str] | None = None) -> None:
    """Run the command line; exits 0, 1 (a bug), 2 (the user's mistake) or 130 (Ctrl-C)."""
    status = run(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            # Replaced, so that the interpreter's own flush at exit does not end with 120.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(status)


def run(argv: list[str]) -> int:
    """Run one command line and return its exit status; a user's mistake is one line on stderr.

    SIGTERM ends it as Ctrl-C does: what a command keeps then, it keeps.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        # What a terminal cannot show is no reason to stop.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    usable_home()
    # Not typer.testing's standalone mode: that one prints usage errors over several lines.
    command = typer.main.get_command(app)
    try:
        status = command.main(args=argv, prog_name="gensc", standalone_mode=False)
    except UserError as error:
        return _complain(str(error))
    except typer.TyperException as error:
        message = error.format_message().strip().rstrip(".")
        # Without a message it has shown the help that was missing.
        return _complain(f"{message} (see gensc --help)") if message else 0
    except (typer.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    except typer.Exit as stop:
        status = stop.exit_code
    except BrokenPipeError:
        status = 0  # the reader of our output left (gensc models | head): not an error
    except SystemExit as stop:
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        status = 0  # typer has seen the same first, and would end with 1
    except OSError as error:
        # A file that cannot be read or written, a full disk. Other kinds are bugs, and traced.
        if error.filename is None and error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    if status == INTERRUPTED:
        say("gensc: stopped")
    return status if isinstance(status, int) else 0


def _complain(message: str) -> int:
    say(f"gensc: {message}")
    return 2


if __name__ == "__main__":
    main()
