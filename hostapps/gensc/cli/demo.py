"""`gensc demo`: photos through a GNU Radio flowgraph, and a report to look at."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from gensc.cli import options


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
            "vehicle, crowded-ism."
        ),
    ] = "awgn,fading",
    snr: Annotated[str, typer.Option(help="Es/N0 in dB: 0,5,10 or 0:15:5.")] = "0,5,10,15",
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
) -> None:
    """Send a few photos through the GNU Radio flowgraph at several SNRs and write a report.

    Photos keep their shape; larger ones are scaled down to --max-side, and the report says so.
    """
    from gensc.demo.run import DemoSettings, run_demo
    from gensc.link import channels
    from gensc.system import codecs
    from gensc.system.ranges import parse_numbers

    names = channel.split(",")
    for name in names:
        channels.draw(name, seed)
    started = time.monotonic()
    report = run_demo(
        DemoSettings(
            images=images or ["skimage:"],
            max_side=max_side,
            channels=names,
            snrs_db=codecs.check_snrs(parse_numbers(snr, "--snr")),
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
