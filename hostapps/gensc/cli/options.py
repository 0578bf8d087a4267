"""Options that several sub-commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gensc.caption.choose import HELP as CAPTION_HELP
from gensc.editing.choose import HELP as EDIT_HELP
from gensc.system.codecs import DEFAULT_RATE

Model = Annotated[
    str,
    typer.Option(help="Codec: name or folder of weights, file.py:CLASS, or an installed plug-in."),
]
RATE = DEFAULT_RATE
Rate = Annotated[int, typer.Option(help="Channel symbols per 16x16 block, 1 to 128.")]
Refine = Annotated[
    str,
    typer.Option(
        help="Refiner behind the decoder: name or folder of weights, file.py:CLASS, an installed "
        "plug-in, or none."
    ),
]
Caption = Annotated[str, typer.Option(help=CAPTION_HELP)]
Edit = Annotated[str, typer.Option(help=EDIT_HELP)]
EditLimit = Annotated[float, typer.Option(min=0, help="Seconds an edit may take.")]
MaxSide = Annotated[
    int, typer.Option(min=0, help="Scale larger pictures down to this; 0: leave them.")
]
Seed = Annotated[int, typer.Option(min=0, help="Of channel and noise.")]
Sdr = Annotated[str, typer.Option(help="As --radio, of hardware alone.", hidden=True)]
Radio = Annotated[
    str,
    typer.Option(
        help="pluto:URI, uhd:ARGS, soapy:driver=NAME, file:PATH (SigMF, .cfile, .ci16 …) or "
        "zmq:ADDRESS."
    ),
]
Format = Annotated[
    str, typer.Option(help="Of a recording whose name does not say it: sigmf, cf32 or ci16.")
]
Antenna = Annotated[str, typer.Option(help="Port of the hardware, as its driver names it.")]
LoOffset = Annotated[
    float, typer.Option(help="Local oscillator so far from the centre, Hz (USRP, LimeSDR).")
]
ClockSource = Annotated[str, typer.Option(help="10 MHz reference: internal, external, gpsdo.")]
Bandwidth = Annotated[
    float | None, typer.Option(help="Of the analog filter, Hz (default: the sample rate).")
]
CorrectPpm = Annotated[
    float | None, typer.Option(help="Error of this radio's oscillator, ppm; made up for.")
]
Profile = Annotated[
    Path | None, typer.Option(help="What gensc calibrate has written: gains and oscillator.")
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Say band, power, air time and range; refuse; send nothing."),
]
Frequency = Annotated[float, typer.Option(min=0, help="Centre frequency of the hardware, Hz.")]
SampleRate = Annotated[float, typer.Option(min=1, help="Complex samples per second.")]
CfoRange = Annotated[
    float | None,
    typer.Option(min=0, help="Largest carrier offset accepted, Hz (default: 7.5 subcarriers)."),
]
Ppm = Annotated[
    float | None,
    typer.Option(
        min=0, help="The same as the tolerance of both oscillators at --frequency, ppm each."
    ),
]
Gain = Annotated[
    float | None,
    typer.Option(
        help="Gain of the hardware in dB (Pluto transmitting: 0 is full power, -89 least)."
    ),
]
Bind = Annotated[
    bool | None,
    typer.Option(
        "--bind/--connect",
        help="ZeroMQ: which end this is (default: the sender binds).",
    ),
]


def binds(address: str, told: bool | None) -> bool:
    """Whether the receiver binds: as told, or where the address is a wildcard."""
    return "*" in address if told is None else told
