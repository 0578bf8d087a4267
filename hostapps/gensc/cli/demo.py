"""`gensc demo`: photos through a GNU Radio flowgraph, and a report to look at."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from gensc.cli import options
from gensc.system.plain import json_text
from gensc.system.terminal import tell


def register(app: typer.Typer) -> None:
    """Add `demo`."""
    app.command("demo")(demo)


def demo(
    images: Annotated[
        list[str] | None,
        typer.Argument(help="Photos: files, folders, globs (default: scikit-image's photos)."),
    ] = None,
    channel: Annotated[
        str,
        typer.Option(
            help="Of awgn, rayleigh, multipath, fading, none; pluto, usrp-b200, indoor-walk, "
            "vehicle, crowded-ism (default: awgn,fading; --live takes one, awgn)."
        ),
    ] = "",
    snr: Annotated[
        str,
        typer.Option(
            help="Es/N0 in dB: 0,5,10 or 0:15:5 (default: 0,5,10,15); --live walks from the "
            "greatest to the least and back (default: 18 to 3)."
        ),
    ] = "",
    model: options.Model = "",
    refine: Annotated[
        str,
        typer.Option(
            help="Refiner: name or folder of weights, file.py:CLASS, an installed plug-in, or none "
            "(default: refiner-photo, if installed)."
        ),
    ] = "",
    edit: options.Edit = "none",
    edit_limit: options.EditLimit = 300.0,
    caption: options.Caption = "auto",
    rate: options.Rate = options.RATE,
    max_side: options.MaxSide = 512,
    seed: Annotated[int, typer.Option(min=0, help="Of channel and noise.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("out"),
    live: Annotated[
        bool, typer.Option("--live", help="Photos without end, shown in a dashboard.")
    ] = False,
    address: Annotated[
        str, typer.Option(help="Of the dashboard (--live), HOST:PORT.")
    ] = "127.0.0.1:8765",
    interval: Annotated[
        float, typer.Option(min=0, help="Seconds from photo to photo (--live).")
    ] = 1.0,
    walk: Annotated[
        float, typer.Option(min=1, help="Seconds until the SNR is where it was (--live).")
    ] = 60.0,
    seconds: Annotated[
        float, typer.Option(min=0, help="End after so long (--live); 0: at Ctrl-C.")
    ] = 0.0,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the dashboard (--live).")
    ] = True,
) -> None:
    """Send a few photos through the GNU Radio flowgraph at several SNRs and write a report.

    Photos keep their shape; larger ones are scaled down to --max-side, and the report says so.

    With --live: transmitter, a channel whose SNR walks, and receiver run until Ctrl-C; the
    transmitter follows what the receiver measures, and a page in the browser shows all of it.
    """
    if live:
        from gensc.demo.live.run import LiveSettings, run_live
        from gensc.link.walk import Walk
        from gensc.system import codecs

        lowest, highest = _ends(snr)
        counters = run_live(
            LiveSettings(
                images=images or ["skimage:"],
                channel=channel or "awgn",
                walk=Walk(lowest, highest, walk),
                interval_s=interval,
                max_side=max_side,
                caption=caption,
                refine=refine or codecs.default_refiner(),
                seed=max(1, seed),
                out=out / "live",
                address=address,
                browser=browser,
                seconds=seconds,
            )
        )
        tell(json_text(counters))
        return
    from gensc.demo.run import DemoSettings, run_demo
    from gensc.link import channels
    from gensc.system import codecs
    from gensc.system.ranges import parse_numbers

    names = (channel or "awgn,fading").split(",")
    for name in names:
        channels.draw(name, seed)
    started = time.monotonic()
    report = run_demo(
        DemoSettings(
            images=images or ["skimage:"],
            max_side=max_side,
            channels=names,
            snrs_db=codecs.check_snrs(parse_numbers(snr or "0,5,10,15", "--snr")),
            model=model,
            refine=refine,
            edit=edit,
            edit_limit_s=edit_limit,
            caption=caption,
            rate=codecs.check_rate(rate),
            seed=seed,
            out=out,
        )
    )
    print(f"report: {report} ({time.monotonic() - started:.0f} s)")
    print("live, in a browser: gensc demo --live")


def _ends(snr: str) -> tuple[float, float]:
    """Between which SNRs the live demo's channel walks."""
    from gensc.system import codecs
    from gensc.system.ranges import parse_numbers

    values = codecs.check_snrs(parse_numbers(snr or "3,18", "--snr"))
    return min(values), max(values)
