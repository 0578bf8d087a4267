"""`gensc send`: images to a recording, a ZeroMQ address or an SDR."""

from __future__ import annotations

from typing import Annotated

import typer

from gensc.cli import options


def register(app: typer.Typer) -> None:
    """Add `send`."""
    app.command("send")(send)


def send(
    images: Annotated[list[str], typer.Argument(help="Files, folders, globs, skimage:NAME.")],
    to: Annotated[
        str, typer.Option(help="Recording (NAME.sigmf-data) or ZeroMQ address (tcp://*:5571).")
    ] = "",
    radio: options.Radio = "",
    sdr: options.Sdr = "",
    model: options.Model = "",
    rate: options.Rate = options.RATE,
    snr: Annotated[float, typer.Option(help="Es/N0 in dB to encode for.")] = 10.0,
    caption: options.Caption = "",
    max_side: options.MaxSide = 0,
    repeat: Annotated[
        int,
        typer.Option(min=0, help="Times to send, which a receiver puts together; 0: until Ctrl-C."),
    ] = 1,
    sample_rate: options.SampleRate = 1e6,
    frequency: options.Frequency = 2.45e9,
    gain: options.Gain = None,
    antenna: options.Antenna = "",
    bandwidth: options.Bandwidth = None,
    lo_offset: options.LoOffset = 0.0,
    clock_source: options.ClockSource = "",
    correct_ppm: options.CorrectPpm = None,
    profile: options.Profile = None,
    format: options.Format = "",
    dry_run: options.DryRun = False,
    amplitude: Annotated[
        float | None,
        typer.Option(
            min=0, help="Of the samples (default 1; 0.2 for hardware and ci16, full scale 1)."
        ),
    ] = None,
    bind: options.Bind = None,
) -> None:
    """Transmit images through a GNU Radio flowgraph."""
    from gensc.link.calibration import radio_settings
    from gensc.link.radio import parse_place
    from gensc.system import codecs
    from gensc.transmitter.plan import plan
    from gensc.transmitter.run import SendSettings, send_images

    place = parse_place(to, sdr, "--to", radio, format)
    if amplitude is None:
        limited = place.is_hardware or (
            place.kind == "file" and place.file(reading=False).format == "ci16"
        )
        amplitude = 0.2 if limited else 1.0
    settings = SendSettings(
        images=images,
        model=model,
        rate=codecs.check_rate(rate),
        snr_db=codecs.check_snrs([snr])[0],
        caption=caption,
        max_side=max_side,
        repeat=repeat,
        amplitude=amplitude,
    )
    told = radio_settings(
        profile,
        transmit=True,
        sample_rate=sample_rate,
        frequency=frequency,
        gain=gain,
        bandwidth=bandwidth,
        antenna=antenna,
        lo_offset=lo_offset,
        clock_source=clock_source,
        ppm=correct_ppm,
    )
    if dry_run:
        for line in plan(settings, place, told):
            print(line)
        return
    report = send_images(
        settings,
        place,
        told,
        bind=True if bind is None else bind,
        on_image=lambda name: typer.echo(f"sending {name}", err=True),
        say=lambda line: typer.echo(line, err=True),
    )
    print(
        f"sent {report.images} image{'s' if report.images != 1 else ''} in {report.bursts} bursts, "
        f"{report.seconds:.3f} s on the air, to {place}"
        + (f", {report.underflows} underflows" if report.underflows else "")
        + (f", {report.lost} not sent" if report.lost else "")
    )
    if report.lost:
        raise typer.Exit(1)
