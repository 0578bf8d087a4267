"""`gensc send`: images to a recording, a ZeroMQ address or an SDR."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gensc.cli import options
from gensc.system.errors import UserError
from gensc.system.plain import json_text
from gensc.system.terminal import say, tell

if TYPE_CHECKING:
    from gensc.transmitter.config import TransmitterConfig


def register(app: typer.Typer) -> None:
    """Add `send`."""
    app.command("send")(send)


def send(
    images: Annotated[
        list[str] | None, typer.Argument(help="Files, folders, globs, skimage:NAME.")
    ] = None,
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
    config: Annotated[
        Path | None,
        typer.Option(help="Serve as this TOML file says (gensc config --transmitter prints one)."),
    ] = None,
    queue: Annotated[
        Path | None,
        typer.Option(help="Serve: keep what is to be sent in this file, which survives a kill."),
    ] = None,
    watch: Annotated[
        str, typer.Option(help="Folder whose pictures are sent as they come; with --queue.")
    ] = "",
    reports: Annotated[
        str,
        typer.Option(
            help="Where the receiver reports (tcp://127.0.0.1:5580): the channel then decides "
            "scheme and rate, and what has not arrived is sent again; with --queue."
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Counters as one JSON object.")] = False,
) -> None:
    """Transmit images through a GNU Radio flowgraph."""
    if config is not None or queue is not None:
        if config is not None:
            from gensc.transmitter.config import load

            if images or queue or watch or reports:
                raise UserError("--config says what is sent, and from where to where")
            service = load(config)
        else:
            service = _service(
                queue=str(queue), images=tuple(images or ()), watch=watch,
                reports=reports, model=model, rate=rate, caption=caption, max_side=max_side,
            )  # fmt: skip
            air = replace(
                service.air, to=to or radio or sdr or service.air.to, bind=bind is not False,
                sample_rate=sample_rate, frequency=frequency, gain=gain, antenna=antenna,
                bandwidth=bandwidth, amplitude=amplitude,
            )  # fmt: skip
            service = replace(service, air=air)
        _serve(service, as_json)
        return
    if watch or reports:
        raise UserError("--watch and --reports need a --queue FILE")
    if not images:
        raise UserError("no image given")
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
        on_image=lambda name: say(f"sending {name}"),
        say=say,
    )
    if as_json:
        tell(json_text(vars(report)))
    else:
        tell(
            f"sent {report.images} image{'s' if report.images != 1 else ''} "
            f"in {report.bursts} bursts, {report.seconds:.3f} s on the air, to {place}"
            + (f", {report.underflows} underflows" if report.underflows else "")
            + (f", {report.lost} not sent" if report.lost else "")
        )
    if report.lost:
        raise typer.Exit(1)


def _service(
    *,
    queue: str,
    images: tuple[str, ...],
    watch: str,
    reports: str,
    model: str,
    rate: int,
    caption: str,
    max_side: int,
) -> TransmitterConfig:
    """Settings of the service from options; a model that is named is the only scheme."""
    from gensc.transmitter.config import (
        CodecSettings,
        ReportSettings,
        SourceSettings,
        TransmitterConfig,
    )

    codec = CodecSettings(caption=caption)
    if model or not reports:
        codec = replace(codec, scheme="analog", analog=model, rate=rate)
    return TransmitterConfig(
        queue=queue,
        source=SourceSettings(images=images, watch=watch, max_side=max_side),
        codec=codec,
        reports=ReportSettings(address=reports),
    )


def _serve(config: TransmitterConfig, as_json: bool) -> None:
    """Run the service; Ctrl-C stops it after the image under way, and the queue keeps the rest."""
    import torch  # noqa: F401  loaded before there are two processes, as all else

    from gensc.remote.reports import Sent
    from gensc.system.stand_by import stand_by
    from gensc.transmitter.service import Transmitter

    def on_sent(sent: Sent) -> None:
        say(f"sending {sent.name} as {sent.session:04x}-{sent.image_id:05d}: {sent.reason}")

    def serve() -> int:
        sums = Transmitter(config, say, on_sent=on_sent).run()
        if as_json:
            tell(json_text(sums))
        else:
            told = ("stored", "sent", "lost", "given_up", "queued")
            parts = [f"{sums[name]} {name.replace('_', ' ')}" for name in told if sums[name]]
            print(
                f"{sums['images']} image{'s' if sums['images'] != 1 else ''} in {config.queue}: "
                + (", ".join(parts) or "nothing to do")
                + (f"; {sums['retransmitted']} bursts sent again" if sums["retransmitted"] else "")
            )
        return 1 if sums["lost"] or sums["given_up"] else 0

    status = stand_by(serve, say) if config.stand_by else serve()
    if status:
        raise typer.Exit(status)
