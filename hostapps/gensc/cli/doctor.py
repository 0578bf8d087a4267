"""`gensc doctor`: look over the installation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gensc.cli import options
from gensc.system import terminal
from gensc.system.plain import json_text

if TYPE_CHECKING:
    from gensc.link.radio import RadioSettings


def register(app: typer.Typer) -> None:
    """Add `doctor`."""
    app.command("doctor")(doctor)


def doctor(
    radio: options.Radio = "",
    seconds: Annotated[float, typer.Option(min=0.1, help="To listen to --radio.")] = 3.0,
    sample_rate: options.SampleRate = 1e6,
    frequency: options.Frequency = 2.45e9,
    gain: options.Gain = None,
    antenna: options.Antenna = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> int:
    """Check GNU Radio, block path, torch, weights and SDR drivers; each line ok or what to do.

    With --radio: listen to it instead, and say what it does, its level, and what is on the air.

    Exit status 1 when something every user needs is missing.
    """
    if radio:
        from gensc.link.radio import RadioSettings

        told = RadioSettings(sample_rate, frequency, gain, antenna=antenna)
        return _listen(radio, told, seconds, as_json)
    from gensc.system.doctor import examine

    findings = examine()
    healthy = all(f.state != "missing" for f in findings)
    if as_json:
        print(json_text({"ok": healthy, "checks": [f.as_dict() for f in findings]}))
        return int(not healthy)
    console = terminal.console()
    colour = {"ok": "green", "missing": "red", "optional": "yellow"}
    width = max(len(f.name) for f in findings)
    for f in findings:
        mark = f"[{colour[f.state]}]{f.state:8}[/]"
        console.print(f"{mark} {f.name:{width}}  ", end="")
        console.print(f.detail, markup=False, soft_wrap=True)
    return int(not healthy)


def _listen(name: str, told: RadioSettings, seconds: float, as_json: bool) -> int:
    """Say what a radio does and hears."""
    from gensc.link.probe import Listener
    from gensc.link.radio import parse_place

    with Listener(parse_place("", "", "--from", name), told) as listener:
        heard = listener.listen(seconds)
    if as_json:
        facts = {k: v for k, v in vars(heard).items() if k != "level"}
        print(json_text({**facts, **heard.level.report()}))
        return 0
    for line in heard.lines():
        print(line)
    return 0
