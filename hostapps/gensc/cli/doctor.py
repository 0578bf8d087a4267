"""`gensc doctor`: look over the installation."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from gensc.system import terminal


def register(app: typer.Typer) -> None:
    """Add `doctor`."""
    app.command("doctor")(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> int:
    """Check GNU Radio, block path, torch, weights and SDR drivers; each line ok or what to do.

    Exit status 1 when something every user needs is missing.
    """
    from gensc.system.doctor import examine

    findings = examine()
    healthy = all(f.state != "missing" for f in findings)
    if as_json:
        print(json.dumps({"ok": healthy, "checks": [f.as_dict() for f in findings]}))
        return int(not healthy)
    console = terminal.console()
    colour = {"ok": "green", "missing": "red", "optional": "yellow"}
    width = max(len(f.name) for f in findings)
    for f in findings:
        mark = f"[{colour[f.state]}]{f.state:8}[/]"
        console.print(f"{mark} {f.name:{width}}  ", end="")
        console.print(f.detail, markup=False, soft_wrap=True)
    return int(not healthy)
