"""`gensc adapt`: rate tables for the adaptive transmitter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gensc.system import terminal
from gensc.system.errors import UserError
from gensc.system.folders import writable_folder

if TYPE_CHECKING:
    from rich.table import Table

    from gensc.adapt.problem import Family
    from gensc.adapt.transport import Transport
    from gensc_phy.adaptation.rate_table import RateTable

SCHEMES = "schemes"
"""Rows at the SNRs where the modulation and coding scheme changes."""

IMPORTANCE_PICTURE = "importance.png"
SHOWN = 6
"""Photos in the picture of their importance."""


def register(app: typer.Typer) -> None:
    """Add `adapt`."""
    app.command("adapt")(adapt)


def adapt(
    images: Annotated[
        list[str] | None, typer.Argument(help="Files, folders, globs, skimage:NAME.")
    ] = None,
    bank: Annotated[str, typer.Option(help="Codec bank: name or folder of weights.")] = "",
    importance: Annotated[
        str,
        typer.Option(
            help="learned, cam, cam:CLASS, efficientnet[:CLASS], resnet50[:CLASS], information, "
            "box:X,Y,W,H, a picture, or a folder of greyscale maps named like the images. Default: "
            "learned where its weights are, else information."
        ),
    ] = "",
    t_max: Annotated[str, typer.Option(help="Latency limits in ms: 20 or 20,50.")] = "20",
    mask_psnr: Annotated[str, typer.Option(help="Least PSNR of what is sent, dB.")] = "30",
    snr: Annotated[
        str,
        typer.Option(help="Es/N0 in dB of the rows; schemes: where the MCS changes (burst)."),
    ] = "-5:25:1",
    bandwidth: Annotated[float, typer.Option(min=1, help="Bandwidth in Hz.")] = 1e6,
    transport: Annotated[
        Literal["burst", "capacity"],
        typer.Option(help="The waveform's bits, or the paper's idealised capacity."),
    ] = "burst",
    margin: Annotated[
        float, typer.Option(min=0, help="Kept to a scheme's threshold, dB (burst).")
    ] = 0.0,
    solver: Annotated[
        Literal["algorithm1", "search"], typer.Option(help="The paper's, or exhaustive.")
    ] = "algorithm1",
    cover: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share of the images that stays within T_max; 0: their mean does."
        ),
    ] = 0.0,
    points: Annotated[str, typer.Option(help="Operating points: 1,5,9 or 1:19:2.")] = "",
    alpha_max: Annotated[float, typer.Option(min=0, max=1, help="Largest threshold.")] = 0.8,
    alpha_step: Annotated[float, typer.Option(min=0.005, max=0.5, help="Of the grid.")] = 0.05,
    limit: Annotated[int, typer.Option(min=0, help="At most so many images; 0: all.")] = 0,
    max_side: Annotated[int, typer.Option(min=0, help="Scale larger pictures down.")] = 512,
    seed: Annotated[int, typer.Option(min=0, help="Of Algorithm 1.")] = 0,
    measured: Annotated[
        Path | None, typer.Option(help="Take measurements of an earlier run instead of images.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for tables, measurements, picture.")] = Path(
        "out/adapt"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="The tables on stdout.")] = False,
) -> None:
    """Measure a codec bank on images and choose point, threshold and MCS for every SNR."""
    from gensc.adapt.family_file import load_family, save_family
    from gensc.adapt.plots import table_figure
    from gensc.adapt.problem import Problem, covering
    from gensc.adapt.tables import build_table
    from gensc.figures.plots import save
    from gensc.system.ranges import parse_numbers
    from gensc_phy.adaptation.rate_table import save_tables

    limits_ms = parse_numbers(t_max, "--t-max")
    floors_db = parse_numbers(mask_psnr, "--mask-psnr")
    snrs_db = _snrs_db(snr, transport, margin)
    links = [_link(transport, limit_ms / 1e3, bandwidth, margin) for limit_ms in limits_ms]
    writable_folder(out)
    if measured is not None:
        if images:
            raise UserError("--measured takes the place of images: give one of the two")
        family = load_family(measured)
    else:
        family = _measure(
            images, bank, importance, points, alpha_max, alpha_step, limit, max_side, out
        )

    tables, unfiltered = [], []
    try:
        bounded = covering(family, cover) if cover else family
        for link in links:
            for floor_db in floors_db:
                problem = Problem(bounded, link, snrs_db, floor_db, alpha_max)
                tables.append(build_table(problem, solver, seed))
                whole = Problem(bounded, link, snrs_db, floor_db, 0.0)
                unfiltered.append(build_table(whole, "search"))
    except ValueError as error:
        raise UserError(str(error)) from error

    written = [out / "rate-tables.json"]
    save_tables(tables, written[0])
    if measured is None:
        written += [out / "measured.npz", out / IMPORTANCE_PICTURE]
        save_family(family, written[1])
    written += save(table_figure(tables, unfiltered), out, "rate-tables")
    if as_json:
        print(written[0].read_text(encoding="utf-8"), end="")
        return
    console = terminal.console()
    for table in tables:
        console.print(_shown(table))
    for path in written:
        console.print(f"wrote {path}", markup=False, soft_wrap=True)


def _snrs_db(text: str, transport: str, margin_db: float) -> tuple[float, ...]:
    """Es/N0 of the rows, rising."""
    from gensc.system.ranges import parse_numbers
    from gensc_phy.coding.mcs import MCS_TABLE

    if text != SCHEMES:
        return tuple(sorted(set(parse_numbers(text, "--snr"))))
    if transport != "burst":
        raise UserError(f"--snr {SCHEMES}: the idealised capacity has none")
    return tuple(mcs.threshold_db + margin_db for mcs in MCS_TABLE)


def _link(kind: str, t_max_s: float, bandwidth_hz: float, margin_db: float) -> Transport:
    """The transport of the options."""
    from gensc.adapt.transport import transport_of

    try:
        return transport_of(kind, t_max_s, bandwidth_hz, margin_db)
    except ValueError as error:
        raise UserError(f"--t-max: {error}") from error


def _measure(
    images: list[str] | None,
    bank_name: str,
    importance: str,
    points: str,
    alpha_max: float,
    alpha_step: float,
    limit: int,
    max_side: int,
    out: Path,
) -> Family:
    """Measure the bank on the images of the command line; a picture of their importance to out."""
    import numpy as np

    from gensc.adapt.bank import DEFAULT, load_bank
    from gensc.adapt.importance import importance_source
    from gensc.adapt.importance_sheet import importance_sheet
    from gensc.adapt.measure import measure
    from gensc.data.images import load_image
    from gensc.data.named import find, open_all
    from gensc.system.progress import progress
    from gensc.system.ranges import parse_numbers
    from gensc_phy.atomic import atomic_file

    bank = load_bank(bank_name or DEFAULT)
    source = importance_source(importance, bank)
    chosen = parse_numbers(points, "--points") if points else list(bank.points)
    unknown = [f"{point:g}" for point in chosen if point not in bank.points]
    if unknown:
        there = f"{bank.points[0]} … {bank.points[-1]}"
        raise UserError(f"--points: {', '.join(unknown)} not among {there}")
    # One threshold at least besides 0, and alpha_max itself.
    count = max(1, round(alpha_max / alpha_step))
    alphas = np.round(np.linspace(0, alpha_max or alpha_step, count + 1), 6).tolist()
    photos = open_all(
        find(images or ["skimage:"], limit),
        lambda one: (one.name, load_image(one.path, max_side)),
        lambda line: typer.echo(line, err=True),
    )
    with atomic_file(out / IMPORTANCE_PICTURE) as file:
        importance_sheet(photos[:SHOWN], [source]).savefig(file, format="png", dpi=100)
    with progress("measure", len(photos) * len(chosen)) as reporter:
        return measure(
            bank, source, photos, [int(point) for point in chosen], alphas, reporter.step
        )


def _shown(table: RateTable) -> Table:
    """A rate table for the terminal."""
    from gensc_phy.coding.mcs import MCS_TABLE

    account = "burst waveform" if table.transport == "burst" else "idealised capacity (Eq. 8)"
    shown = terminal.table(
        f"{table.t_max_s * 1e3:g} ms at {table.bandwidth_hz / 1e6:g} MHz, mask PSNR ≥ "
        f"{table.mask_psnr_floor_db:g} dB, {account}, {table.solver}; {table.source}"
    )
    for heading in ("Es/N0 dB", "point", "alpha", "MCS", "GVIF", "kbit", "fit", "mask PSNR dB"):
        shown.add_column(heading, justify="left" if heading == "MCS" else "right")
    shown.add_column("limits")
    for row in table.choices:
        cells: list[Any] = [f"{row.snr_db:g}", row.point, f"{row.alpha:.2f}"]
        cells.append("–" if row.mcs is None else MCS_TABLE[row.mcs].name)
        cells += [f"{row.gvif:.3f}", f"{row.bits / 1e3:.2f}", f"{row.budget_bits / 1e3:.2f}"]
        cells.append(f"{row.mask_psnr_db:.2f}")
        missed = [name for name, met in (("T_max", row.in_time), ("PSNR", row.good_enough))
                  if not met]  # fmt: skip
        cells.append(f"misses {' and '.join(missed)}" if missed else "met")
        shown.add_row(*map(str, cells))
    return shown
