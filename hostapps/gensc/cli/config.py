"""`gensc config`: the configuration of the receiver service, with a word on every key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gensc.system.errors import UserError


def register(app: typer.Typer) -> None:
    """Add `config`."""
    app.command("config")(config)


def config(
    file: Annotated[
        Path | None, typer.Argument(help="A configuration to check; none: print the default one.")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Print the checked one with everything left out in it.")
    ] = False,
    transmitter: Annotated[
        bool, typer.Option("--transmitter", help="That of gensc send --config.")
    ] = False,
) -> None:
    """Print a commented default configuration of gensc receive --config, or check a given one."""
    from gensc.receiver.config import ReceiverConfig
    from gensc.system.toml_file import commented, load
    from gensc.transmitter.config import TransmitterConfig

    kind: type[ReceiverConfig] | type[TransmitterConfig]
    kind = TransmitterConfig if transmitter else ReceiverConfig
    if file is None:
        if full:
            raise UserError("--full: of which file?")
        print(commented(kind()), end="")
        return
    read = load(kind, file)
    print(commented(read) if full else f"{file}: fine", end="" if full else "\n")
