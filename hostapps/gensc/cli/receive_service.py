"""`gensc receive --config`: the receiver as a service, until Ctrl-C or its sources' end."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gensc.system.plain import json_text
from gensc.system.terminal import printable, tell

if TYPE_CHECKING:
    from gensc.receiver.dashboard.server import DashboardServer
    from gensc.receiver.service import Service

_POLL_S = 0.2


def run_service(path: Path, count: int = 0, seconds: float = 0.0, as_json: bool = False) -> None:
    """Run the service of a configuration, and say what came of it.

    Args:
        path: of the TOML file.
        count: end after so many images; 0: never.
        seconds: end after so long; 0: never.
        as_json: all sums as one JSON object at the end.

    Raises:
        UserError: what is wrong with the configuration, or cannot be had.
    """
    from gensc.receiver.bus import Bus
    from gensc.receiver.config import read
    from gensc.receiver.service import Service

    bus = Bus()
    service = Service(read(path), bus)
    printer = threading.Thread(target=_print, args=[bus.subscribe()], daemon=True)
    printer.start()
    deadline = time.monotonic() + seconds if seconds else float("inf")
    interrupted = False
    dashboard = None
    try:
        dashboard = _dashboard(service)
        service.start()
        while not service.ended and time.monotonic() < deadline:
            sums = service.ledger.sums()
            if count and int(sums["stored"]) + int(sums["damaged"]) >= count:  # type: ignore[call-overload]
                break
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        # A second Ctrl-C ends at once: what is stored is stored.
        service.close(drain_s=2.0 if interrupted else 30.0)
        if dashboard is not None:
            dashboard.close()
    printer.join(timeout=5.0)
    sums = service.counters()
    if as_json:
        tell(json_text(sums))
    else:
        print(_summary(sums, service.config.archive))
    if sums.get("unwritten"):
        raise typer.Exit(1)


def _dashboard(service: Service) -> DashboardServer | None:
    """The page of the configuration, if there is to be one; its link is said.

    Raises:
        UserError: a token that is none, an address that cannot be had.
    """
    from gensc.receiver.dashboard.server import DashboardServer
    from gensc.receiver.dashboard.token import Token, token_of

    told = service.config.dashboard
    if not told.address:
        return None
    token = Token(told.token) if told.token else token_of(service.folder.parent / "dashboard.token")
    made = DashboardServer(service, token, told.address).start()
    typer.echo(f"dashboard: {made.link}", err=True)
    return made


def _summary(sums: dict[str, Any], folder: str) -> str:
    causes = ", ".join(f"{n} {cause}" for cause, n in sums["causes"].items())
    return (
        f"{sums['images']} images: {sums['stored']} stored, {sums['damaged']} damaged, "
        f"{sums['lost']} lost" + (f" ({causes})" if causes else "") + f": {folder}"
    )


def _print(events: Any) -> None:
    """Lines about images, losses and problems, on standard error."""
    for event in events:
        line = _line(event.kind, event.fields)
        if line:
            typer.echo(printable(line), err=True)


def _line(kind: str, fields: dict[str, Any]) -> str:
    if kind == "image":
        psnr = "" if fields["psnr"] is None else f", PSNR {fields['psnr']:.2f} dB"
        height, width, _ = fields["shape"]
        snr_db = fields["snr_db"]
        snr = "" if snr_db is None else f", SNR {snr_db:.1f} dB"
        bursts = f"{fields['fragments_received']}/{fields['fragments']} bursts"
        return f"{fields['key']}: {width}x{height}, {fields['scheme']}{snr}, {bursts}{psnr}"
    if kind == "lost":
        return f"{fields['key']}: lost, {fields['cause']}"
    if kind == "text":
        return f"{fields['key']}: {fields['text']} ({fields['state']})"
    if kind == "stage" and fields["state"] == "broken":
        return f"{fields['name']}: broken: {fields['why']}"
    return str(fields["line"]) if kind == "problem" else ""
