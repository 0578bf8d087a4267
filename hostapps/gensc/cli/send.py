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
        str, typer.Option(help="Recording (NAME.sigmf-data) or ZeroMQ address (tcp://*:5555).")
    ] = "",
    sdr: options.Sdr = "",
    model: options.Model = "",
    rate: options.Rate = 32,
    snr: Annotated[float, typer.Option(help="Es/N0 in dB to encode for.")] = 10.0,
    caption: options.Caption = "",
    max_side: options.MaxSide = 0,
    repeat: Annotated[int, typer.Option(min=0, help="Times to send; 0: until Ctrl-C.")] = 1,
    sample_rate: options.SampleRate = 1e6,
    frequency: options.Frequency = 2.45e9,
    gain: options.Gain = None,
    amplitude: Annotated[
        float | None,
        typer.Option(min=0, help="Of the samples (default 1; 0.2 for hardware, full scale 1)."),
    ] = None,
    bind: options.Bind = None,
) -> None:
    """Transmit images through a GNU Radio flowgraph."""
    from gensc.data.images import expand
    from gensc.link.radio import RadioSettings, parse_place
    from gensc.system import codecs
    from gensc.transmitter.run import SendSettings, send_images

    place = parse_place(to, sdr, "--to")
    if amplitude is None:
        amplitude = 0.2 if place.is_hardware else 1.0
    settings = SendSettings(
        images=expand(images),
        model=model,
        rate=codecs.check_rate(rate),
        snr_db=codecs.check_snrs([snr])[0],
        caption=caption,
        max_side=max_side,
        repeat=repeat,
        amplitude=amplitude,
    )
    report = send_images(
        settings,
        place,
        RadioSettings(sample_rate, frequency, gain),
        bind=True if bind is None else bind,
        on_image=lambda name: typer.echo(f"sending {name}", err=True),
        say=lambda line: typer.echo(line, err=True),
    )
    print(
        f"sent {report.images} image{'s' if report.images != 1 else ''} in {report.bursts} bursts, "
        f"{report.seconds:.3f} s on the air, to {place}"
    )
