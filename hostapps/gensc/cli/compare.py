"""`gensc compare`: any schemes on any pictures, at equal symbols."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gensc.system import terminal
from gensc.system.plain import json_text

if TYPE_CHECKING:
    from gensc.experiment.compare.settings import Settings

SCHEMES = (
    "Schemes, separated by commas: a codec (name or folder of weights, "
    "file.py:CLASS, or an installed plug-in), "
    "jpeg|jpeg2000|webp|avif|bank+ldpc (jpeg|webp|avif|bank-scaled+ldpc may send smaller "
    "pictures), caption-only|caption-mask|guided-latent:GENERATOR; behind any of them +caption, "
    "+REFINER or +EDITOR."
)


def register(app: typer.Typer) -> None:
    """Add `compare`, and the name it had when it knew one codec and one channel model."""
    app.command("compare")(compare)
    app.command("simulate", hidden=True)(compare)


def compare(
    what: Annotated[
        list[str] | None,
        typer.Argument(help="A TOML file of these options, or images.", metavar="[FILE.toml]"),
    ] = None,
    scheme: Annotated[list[str] | None, typer.Option("--scheme", "--model", help=SCHEMES)] = None,
    images: Annotated[
        list[str] | None,
        typer.Option(help="Files, folders with all below them, globs, skimage:NAME."),
    ] = None,
    snr: Annotated[str, typer.Option(help="Es/N0 in dB: 0,5,10 or 0:20:5.")] = "",
    cbr: Annotated[str, typer.Option(help="Bandwidth ratios: 1/24,1/12.")] = "",
    rate: Annotated[str, typer.Option(help="The same as symbols per 16x16 block: 32,64.")] = "",
    channel: Annotated[
        str, typer.Option(help="awgn, rayleigh, multipath, fading, none; torch: rayleigh-fast.")
    ] = "",
    via: Annotated[
        str, typer.Option(help="torch (fast), bursts (the waveform) or flowgraph (GNU Radio).")
    ] = "",
    metrics: Annotated[
        str,
        typer.Option(
            help="psnr, ssim, ms_ssim, lpips, st_lpips, clip_score, brisque, top1, top5; "
            "fidelity: the first three; perceptual: all."
        ),
    ] = "",
    seeds: Annotated[
        int, typer.Option("--seeds", "--repeat", min=0, help="Realisations of channel and noise.")
    ] = 0,
    seed: Annotated[int | None, typer.Option(min=0, help="The first one.")] = None,
    max_side: Annotated[int | None, typer.Option(min=0, help="Scale larger pictures down.")] = None,
    limit: Annotated[int | None, typer.Option(min=0, help="At most so many pictures.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for rows, figures and report; resumed where it has rows."),
    ] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print the TOML file of this and run nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The rows on stdout.")] = False,
) -> None:
    """Compare schemes on pictures: rows, means with intervals, figures, a report.

    Every scheme may spend the same count of channel symbols. An interrupted run goes on where it
    stopped.
    """
    from gensc.experiment.compare import settings as s

    files = [w for w in what or () if w.endswith(".toml")]
    given = [w for w in what or () if not w.endswith(".toml")] + (images or [])
    settings, told = s.read(Path(files[0])) if files else (s.Settings(), None)
    settings = _with(settings, scheme, given, snr, cbr, rate, channel, via, metrics)
    numbers: dict[str, Any] = {
        "seeds": seeds or None,
        "first_seed": seed,
        "max_side": max_side,
        "limit": limit,
    }
    settings = replace(settings, **{k: v for k, v in numbers.items() if v is not None})
    target = out or told
    if print_config:
        print(s.as_toml(settings.checked(), target), end="")
        return
    _run(settings, target, as_json)


def _with(
    settings: Settings,
    scheme: list[str] | None,
    images: list[str],
    snr: str,
    cbr: str,
    rate: str,
    channel: str,
    via: str,
    metrics: str,
) -> Settings:
    """The settings, with what the command line says in their place."""
    from gensc.experiment.compare import settings as s
    from gensc.system.errors import UserError
    from gensc.system.ranges import parse_numbers

    if cbr and rate:
        raise UserError("--cbr and --rate say the same: give one of them")
    words: dict[str, Any] = {
        "schemes": s.split_names(scheme) if scheme else (),
        "images": tuple(images),
        "snrs_db": tuple(parse_numbers(snr, "--snr")) if snr else (),
        "cbr": s.cbr_of(rate) if rate else s.split_names([cbr]),
        "channels": s.split_names([channel]),
        "via": via,
        "metrics": s.parse_metrics(metrics),
    }
    return replace(settings, **{k: v for k, v in words.items() if v})


def _run(settings: Settings, out: Path | None, as_json: bool) -> None:
    from gensc.experiment.compare.run import compare as run
    from gensc.experiment.figures import LABELS
    from gensc.experiment.output import rich_table
    from gensc.experiment.tables import comparison_tables, why_missing

    console = terminal.console(stderr=as_json)
    done = run(settings, out, lambda line: console.print(line, markup=False, soft_wrap=True))
    if as_json:
        for row in done.rows:
            print(json_text(row, ensure_ascii=False))
    for table in comparison_tables(done.points, settings.metrics):
        console.print(rich_table(table))
    for metric, reason in why_missing(done.rows, settings.metrics).items():
        console.print(f"no {LABELS.get(metric, metric)}: {reason}", markup=False)
    if out is not None:
        console.print(f"wrote {out / 'report.html'} and {len(done.rows)} rows beside it",
                      markup=False, soft_wrap=True)  # fmt: skip
