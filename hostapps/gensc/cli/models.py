"""`gensc models`: the weights at hand."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markdown import Markdown

from gensc.system import terminal
from gensc.system.plain import json_text


def register(app: typer.Typer) -> None:
    """Add `models`."""
    app.command("models")(models)


def models(
    name: Annotated[str, typer.Argument(help="Show the card of these weights.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List weights and classes of installed packages with SHA-256, or show the card of one."""
    from gensc.system.codecs import list_weights

    listed = list_weights(name)
    if as_json:
        print(json_text([w.as_dict() for w in listed]))
        return
    console = terminal.console()
    if name:
        console.print(Markdown(listed[0].card))
        return
    table = terminal.table()
    for heading, justify in (("name", "left"), ("fingerprint", "right"), ("MiB", "right")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    table.add_column("SHA-256", no_wrap=True)
    table.add_column("about", overflow="fold")
    for w in listed:
        size = f"{w.size / 2**20:.1f}" if w.size else "–"
        table.add_row(w.name, w.fingerprint or "–", size, w.sha256[:16], w.summary)
    console.print(table)
