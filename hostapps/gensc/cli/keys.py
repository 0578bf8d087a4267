"""`gensc keys`: a CURVE key pair, for connections that leave this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add `keys`."""
    app.command("keys")(keys)


def keys(
    name: Annotated[
        Path, typer.Argument(help="Of the two files, without their ending: NAME.key, …")
    ],
) -> None:
    """Make a CURVE key pair: NAME.key for the other end, NAME.key_secret for this one.

    Receiver and transmitter know each other by such keys where a network lies between them.
    """
    from gensc.remote.keys import make_keys

    public, secret = make_keys(name)
    print(f"{public}: copy it to the other end\n{secret}: keep it here")
