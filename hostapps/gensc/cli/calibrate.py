"""`gensc calibrate`: the gain and the oscillator of a receiving radio, measured."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from gensc.cli import options
from gensc.system import terminal
from gensc.system.plain import json_text


def register(app: typer.Typer) -> None:
    """Add `calibrate`."""
    app.command("calibrate")(calibrate)


def calibrate(
    radio: options.Radio,
    tx_radio: Annotated[
        str, typer.Option(help="Sends meanwhile; may be the same device (a cable with 30 dB).")
    ] = "",
    gains: Annotated[str, typer.Option(help="To try, dB: 0,20,40 or 0:70:10 (default: all).")] = "",
    tx_gain: Annotated[float | None, typer.Option(help="Of --tx-radio, dB.")] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="At each gain.")] = 1.0,
    sample_rate: options.SampleRate = 1e6,
    frequency: options.Frequency = 2.45e9,
    antenna: options.Antenna = "",
    bandwidth: options.Bandwidth = None,
    lo_offset: options.LoOffset = 0.0,
    clock_source: options.ClockSource = "",
    out: Annotated[Path, typer.Option(help="File that send and receive take as --profile.")] = Path(
        "radio.json"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Measure SNR against gain, level, clipping, DC, IQ and carrier offset; write what to use.

    Without --tx-radio another station has to send: gensc send --repeat 0.
    """
    from gensc.link.calibration import radio_settings
    from gensc.link.gain_search import beacon, default_gains, search
    from gensc.link.probe import Heard
    from gensc.link.radio import RadioSettings, parse_place
    from gensc.system.errors import UserError
    from gensc.system.ranges import parse_numbers

    place = parse_place("", "", "--from", radio)
    if not place.is_hardware:
        raise UserError(f"{place}: no radio, nothing to calibrate; see gensc doctor --radio")

    def told(transmit: bool, gain: float | None) -> RadioSettings:
        return radio_settings(
            None, transmit=transmit, sample_rate=sample_rate, frequency=frequency, gain=gain,
            bandwidth=bandwidth, antenna="" if transmit else antenna, lo_offset=lo_offset,
            clock_source=clock_source, ppm=None,
        )  # fmt: skip

    steps = parse_numbers(gains, "--gains") if gains else default_gains(place)
    rows: list[dict[str, float | int | None]] = []
    console = terminal.console(stderr=as_json)

    def each(gain: float, heard: Heard) -> None:
        rows.append(
            {"gain_db": gain, "snr_db": heard.snr_db, "bursts": heard.bursts,
             "cfo_hz": heard.cfo_hz, "overflows": heard.overflows, **heard.level.report()}
        )  # fmt: skip
        console.print(f"gain {gain:g} dB: {'; '.join(heard.lines()[1:])}", markup=False)

    with ExitStack() as stack:
        if tx_radio:
            sender = parse_place("", "", "--to", tx_radio)
            console.print(stack.enter_context(beacon(sender, told(True, tx_gain))), markup=False)
        found = search(place, told(False, steps[0]), steps, seconds, each)
    found.write(out)
    if as_json:
        print(json_text({**vars(found), "rows": rows}))
        return
    print(
        f"{place}: gain {found.rx_gain:g} dB, oscillator {found.ppm:+.2f} ppm against the "
        f"transmitter's; wrote {out}"
    )
