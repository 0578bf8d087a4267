"""`gensc receive`: images from a recording, a ZeroMQ address or an SDR."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gensc.cli import options
from gensc.system.errors import UserError
from gensc.system.plain import json_text
from gensc.system.terminal import say, tell

if TYPE_CHECKING:
    from gensc.link.radio import Place
    from gensc.receiver.writer import ReceiveReport


def register(app: typer.Typer) -> None:
    """Add `receive`."""
    app.command("receive")(receive)


def receive(
    config: Annotated[
        Path | None,
        typer.Option(help="Run as a service as this TOML file says (gensc config writes one)."),
    ] = None,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help="Recording, ZeroMQ address (tcp://127.0.0.1:5571), or kept symbols (.npz).",
        ),
    ] = "",
    radio: options.Radio = "",
    sdr: options.Sdr = "",
    out: Annotated[Path, typer.Option(help="Folder for images and results.jsonl.")] = Path(
        "out/received"
    ),
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="Where to look for codecs beside the installed ones: folder of weights (or of "
            "such folders), FILE.py:CLASS. May be repeated."
        ),
    ] = None,
    refine: options.Refine = "none",
    edit: options.Edit = "none",
    edit_limit: options.EditLimit = 300.0,
    count: Annotated[int, typer.Option(min=0, help="End after so many images.")] = 0,
    seconds: Annotated[float, typer.Option(min=0, help="End after so long.")] = 0.0,
    keep_open: Annotated[
        bool, typer.Option("--keep-open", help="ZeroMQ: wait for the next sender.")
    ] = False,
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
    save_iq: Annotated[
        str, typer.Option(help="Recording that all samples are written to as well.")
    ] = "",
    reference: Annotated[
        list[str] | None,
        typer.Option(help="Originals (folder, files, globs): what arrives is scored against them."),
    ] = None,
    copies: Annotated[
        int, typer.Option(min=1, help="Wait for so many of each image (send --repeat); combine.")
    ] = 1,
    cfo_range: options.CfoRange = None,
    ppm: options.Ppm = None,
    bind: options.Bind = None,
    as_json: Annotated[bool, typer.Option("--json", help="Summary as one JSON object.")] = False,
) -> None:
    """Receive images through a GNU Radio flowgraph; Ctrl-C ends and loses nothing."""
    if config is not None:
        from gensc.cli.receive_service import run_service

        if source or radio or sdr:
            raise UserError("--config says where from: leave out --from, --radio and --sdr")
        run_service(config, count, seconds, as_json)
        return
    from gensc.link.calibration import radio_settings
    from gensc.link.offset import cfo_range_hz
    from gensc.link.radio import parse_place
    from gensc.receiver.run import ReceiveSettings, receive_images

    place = parse_place(source, sdr, "--from", radio, format)
    settings = ReceiveSettings(
        out=out,
        models=tuple(model or ()),
        count=count,
        seconds=seconds,
        keep_open=keep_open,
        refine=refine,
        edit=edit,
        edit_limit_s=edit_limit,
        save_iq=save_iq,
        reference=reference or (),
        copies=copies,
        cfo_range_hz=cfo_range_hz(cfo_range, ppm, frequency),
    )
    report = receive_images(
        settings,
        place,
        radio_settings(
            profile,
            transmit=False,
            sample_rate=sample_rate,
            frequency=frequency,
            gain=gain,
            bandwidth=bandwidth,
            antenna=antenna,
            lo_offset=lo_offset,
            clock_source=clock_source,
            ppm=correct_ppm,
        ),
        bind=options.binds(source, bind),
        on_image=say,
    )
    c = report.counters
    found = report.images or report.texts or c["sections_kept"] or report.unwritten
    if place.kind == "file" and not report.interrupted and not found:
        raise UserError(
            f"{place}: no image in {c['samples']} samples "
            f"({c['bursts']} bursts read, {c['headers_bad']} not readable"
            + (f", the last {c['bad_cfo_hz'] / 1e3:+.1f} kHz off)" if c["headers_bad"] else ")")
        )
    if as_json:
        summary = {
            "images": report.images,
            "texts": report.texts,
            "refined": report.refined,
            "edited": report.edited,
            "incomplete": report.incomplete,
            "unwritten": report.unwritten,
            "radio_gone": report.radio_gone,
            "weights_missing": [f"{number:04x}" for number in report.missing],
        }
        level = report.level.report() if report.level else {}
        tell(json_text({**summary, **c, **level}))
        _fail_where_something_was_lost(report, place)
        return
    # What a recording of floats has as full scale, nobody knows.
    clipped = report.level.clipped if report.level and place.is_hardware else 0
    dropped = c["messages_dropped"] + c["sections_dropped"]
    tell(
        f"received {report.images} image{'s' if report.images != 1 else ''} "
        f"({report.incomplete} incomplete) and {report.texts} texts in {c['bursts']} bursts"
        + (f", {report.refined} refined" if report.refined else "")
        + (f", {report.edited} edited" if report.edited else "")
        + (f", {c['images_lost']} lost" if c["images_lost"] else "")
        + (f", {dropped} messages dropped" if dropped else "")
        + (f", {c['overflows']} overflows" if c["overflows"] else "")
        + (f", {clipped} samples clipped" if clipped else "")
        + (f", {c['headers_other']} bursts of another version" if c["headers_other"] else "")
        + (f", {c['bursts_repeated']} bursts twice" if c["bursts_repeated"] else "")
        + (f", {c['bursts_late']} late" if c["bursts_late"] else "")
        + (f", {c['sections_kept']} sections not decoded" if c["sections_kept"] else "")
        + f": {out}"
    )
    for why in report.missing.values():
        say(f"gensc: {why}; --model or GENSC_WEIGHTS names where they lie")
    _fail_where_something_was_lost(report, place)


def _fail_where_something_was_lost(report: ReceiveReport, place: Place) -> None:
    """Exit status 1 where what was received is in no file, or a radio has gone meanwhile."""
    if report.radio_gone:
        say(f"gensc: {place}: the radio gives no samples any more; unplugged?")
    if report.unwritten:
        files = f"{report.unwritten} file{'s' if report.unwritten != 1 else ''}"
        say(f"gensc: {files} not written: {report.write_error}")
    if report.radio_gone or report.unwritten:
        raise typer.Exit(1)
