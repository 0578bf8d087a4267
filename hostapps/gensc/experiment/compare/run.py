"""A comparison from its settings to rows, means, figures and report, resumed where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gensc.experiment.compare.comparison import Comparison
from gensc.experiment.compare.pictures import find, load
from gensc.experiment.compare.report import render
from gensc.experiment.compare.samples import Samples
from gensc.experiment.compare.settings import Settings, as_toml, example_snr_db, fixed
from gensc.experiment.figures import LABELS, Figure, draw_all
from gensc.experiment.grid import Grid, Outcome, Point, run
from gensc.experiment.means import leads, means
from gensc.experiment.rows import Row, RowFile, row_of, write_csv
from gensc.experiment.scheme import Picture, Scheme
from gensc.experiment.schemes.load import load_scheme
from gensc.experiment.ways import Way, load_way
from gensc.figures.plots import save
from gensc.system.errors import UserError
from gensc.system.folders import writable_folder
from gensc.system.machine import machine
from gensc.system.plain import json_text, text
from gensc.system.progress import progress
from gensc_phy.atomic import write_text

ROWS, STATE, CONFIG = "rows.jsonl", "comparison.json", "compare.toml"
#: Kinds of files of a figure.
KINDS = ("png", "svg", "pdf")
#: Pictures shown in the report, at one SNR.
SHOWN = 3


def compare(settings: Settings, out: Path | None, say: Callable[[str], None]) -> Comparison:
    """Run what is missing of a comparison and put everything into `out`, if one is named.

    Args:
        settings: what is compared.
        out: folder of the rows, figures and report. Rows that it has already are kept.
        say: takes lines for people.

    Raises:
        UserError: settings that make no sense, or a folder with another comparison's rows.
    """
    settings.checked()
    way = load_way(settings.via)
    for channel in settings.channels:
        if channel not in way.channels:
            raise UserError(
                f"--channel {channel!r}: by way of {way.name} there are {', '.join(way.channels)}"
            )
    found = find(settings.images, settings.limit)
    schemes = [load_scheme(name) for name in settings.schemes]
    _check_names(schemes, settings)
    skipped: list[str] = []
    pictures = load(found, settings.max_side, max(settings.rates), skipped.append)
    for line in skipped:
        say(line)
    grid = _grid(settings, schemes, pictures)
    file = None if out is None else _open(out, settings, pictures, schemes)
    rows, samples = _run(grid, pictures, way, file, out)
    best_by = "psnr" if "psnr" in settings.metrics else settings.metrics[0]
    points = means(rows, settings.metrics, best_by=best_by, keep=("design_snr_db",))
    figures = draw_all(_figures(settings, len(pictures)), points)
    if len(schemes) > 1:
        first = schemes[0].name
        ahead = leads(rows, first, settings.metrics[0], best_by)
        figures |= draw_all([_lead(settings, first, len(pictures))], ahead)
    done = Comparison(settings, rows, points, figures, skipped, samples, pictures)
    if out is not None:
        _write(done, out)
    return done


def _check_names(schemes: Sequence[Scheme], settings: Settings) -> None:
    names = [scheme.name for scheme in schemes]
    for name, asked in zip(names, settings.schemes, strict=True):
        if names.count(name) > 1:
            raise UserError(f"--scheme {asked}: there is another one called {name}")


def _grid(settings: Settings, schemes: Sequence[Scheme], pictures: Sequence[Picture]) -> Grid:
    seeds = range(settings.first_seed, settings.first_seed + settings.seeds)
    shown = {p.name for p in pictures[:: max(1, -(-len(pictures) // SHOWN))]}
    rate, snr_db = settings.rates[0], example_snr_db(settings)

    def kept(point: Point, picture: Picture) -> bool:
        here = picture.name in shown and point.rate == rate and point.seed == seeds[0]
        return here and (point.snr_db == snr_db or point.channel == "none")

    return Grid(
        schemes,
        settings.channels,
        settings.rates,
        settings.snrs_db,
        tuple(seeds),
        settings.metrics,
        kept=kept,
    )


def _open(
    out: Path, settings: Settings, pictures: Sequence[Picture], schemes: Sequence[Scheme]
) -> RowFile:
    """The rows of a folder, where they are of a comparison to which these settings belong.

    Raises:
        UserError: they are not, or the folder cannot be written to.
    """
    state = json.loads(json_text(fixed(settings)))
    state["pictures"] = {
        p.name: hashlib.sha256(p.pixels.tobytes()).hexdigest()[:16] for p in pictures
    }
    state["weights"] = {s.name: [w.sha256 for w in s.weights] for s in schemes}
    path = out / STATE
    writable_folder(out)
    try:
        before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (OSError, ValueError) as error:
        raise UserError(f"--out {out}: {error}") from error
    for key, value in state.items():
        old = before.get(key, value)
        changed = old != value
        if isinstance(value, dict) and isinstance(old, dict):
            changed = any(old[name] != value[name] for name in value.keys() & old.keys())
            state[key] = old | value
        if changed:
            raise UserError(
                f"--out {out}: holds a comparison with other {key}; name another folder"
            )
    write_text(path, json_text(state, indent=1) + "\n")
    write_text(out / CONFIG, as_toml(settings))
    return RowFile(out / ROWS)


def _run(
    grid: Grid, pictures: Sequence[Picture], way: Way, file: RowFile | None, out: Path | None
) -> tuple[list[Row], dict[tuple[str, str, str], Any]]:
    """The rows of all points, and the images that are shown."""
    samples = Samples(out)
    fresh: dict[Any, Row] = {}

    def emit(outcome: Outcome) -> None:
        if outcome.received.image is not None:
            samples.add(outcome)
        row = row_of(outcome, way)
        fresh[outcome.point.key(outcome.picture.name)] = row
        if file is not None:
            file.add(row)

    order = [point.key(picture.name) for picture in pictures for point in grid.points()]
    done = {} if file is None else {key: file.rows[key] for key in order if key in file.rows}
    try:
        with progress("compare", len(pictures)) as bar:
            if done:
                bar.say(f"{len(done)} of {len(order)} rows are there already")
            run(grid, pictures, way, emit, done, bar.step)
    finally:
        if file is not None:
            file.close()
    rows = [fresh[key] for key in order] if file is None else file.finish(order)
    return rows, samples.images


def _figures(settings: Settings, pictures: int) -> list[Figure]:
    """A figure per metric over SNR, and one of the first metric over bandwidth ratio."""
    what = f"{pictures} picture{'s' * (pictures > 1)}, {settings.via}, mean and 95 % interval"
    several = len(settings.rates) > 1
    figures = [
        Figure(
            metric,
            "snr_db",
            metric,
            panels="channel",
            rows="rate" if several else None,
            names=settings.schemes,
            title=what if several else f"CBR {settings.cbr[0]}, {what}",
        )
        for metric in settings.metrics
        if len(settings.snrs_db) > 1
    ]
    if several:
        first = settings.metrics[0]
        figures.append(
            Figure(
                f"{first}_over_cbr",
                "cbr",
                first,
                panels="channel",
                rows="snr_db",
                title=what,
                log_x=True,
                names=settings.schemes,
            )
        )
    return figures


def _lead(settings: Settings, first: str, pictures: int) -> Figure:
    """By how much the others lead the first scheme: pictures differ more than schemes do."""
    metric = settings.metrics[0]
    return Figure(
        f"{metric}_lead",
        "snr_db",
        "lead",
        panels="channel",
        rows="rate" if len(settings.rates) > 1 else None,
        names=settings.schemes,
        title=f"Lead over {first} on the same {pictures} picture{'s' * (pictures > 1)}, mean and "
        "95 % interval",
        y_label=f"lead in {LABELS.get(metric, metric)}",
    )


def _write(done: Comparison, out: Path) -> None:
    write_csv(out / "rows.csv", done.rows)
    write_csv(out / "points.csv", done.points)
    for name, fig in done.figures.items():
        save(fig, out, name, KINDS)
    if done.skipped:
        write_text(out / "skipped.txt", text("\n".join(done.skipped)) + "\n")
    write_text(out / "machine.json", json_text(machine(), indent=1) + "\n")
    write_text(out / "report.html", text(render(done)))
