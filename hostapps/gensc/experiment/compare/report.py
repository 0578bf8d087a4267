"""The report of a comparison: one HTML file with everything inside it."""

from __future__ import annotations

import base64
import io
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from gensc.experiment.compare.settings import example_snr_db, said
from gensc.experiment.figures import CHANNELS, LABELS, ratio
from gensc.experiment.means import CONFIDENCE, FALLING
from gensc.experiment.rows import Row, of
from gensc.figures.pictures import data_uri
from gensc.system.machine import machine

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from gensc.experiment.compare.comparison import Comparison

#: Decimals of a metric; others have 3.
DIGITS = {"psnr": 2, "mask_psnr": 2, "brisque": 1, "clip_score": 2}


def render(done: Comparison) -> str:
    """The report as HTML text."""
    template = (Path(__file__).parent / "report.html").read_text(encoding="utf-8")
    settings = done.settings
    parts = {
        "title": f"{len(settings.schemes)} schemes, {len(done.pictures)} pictures",
        "lead": escape(said(settings)) + _exact(done.points),
        "plots": "".join(_plot(name, fig) for name, fig in done.figures.items()),
        "note": _note(done),
        "tables": "".join(_tables(done)),
        "pictures": _pictures(done),
        "skipped": _skipped(done.skipped),
        "footer": _footer(),
    }
    for key, value in parts.items():
        template = template.replace("{{" + key + "}}", value)
    return template


def _exact(points: list[Row]) -> str:
    """What was really spent."""
    spent = [p["cbr"] for p in points if p.get("cbr")]
    if not spent:
        return ""
    return (
        f". Payload symbols per colour sample, exactly: {min(spent):.5f} to {max(spent):.5f} "
        "(pictures are cropped nowhere; codecs pad them to blocks of 16×16 pixels, and every "
        "scheme may spend what those blocks take)."
    )


def _note(done: Comparison) -> str:
    lost = sum(p["lost"] for p in done.points)
    text = (
        f"Mean over the pictures ± half of its {100 * CONFIDENCE:.0f} % interval (Student, over "
        "pictures). Best mean of a column in colour."
    )
    if lost:
        text += (
            f" Pictures lost (in brackets) count as middle grey, for every scheme alike: {lost} "
            "in all."
        )
    if any(p.get("setting") for p in done.points):
        text += (
            " Digital schemes: at each point the margin from the code's threshold that is best on "
            "average."
        )
    return text


def _plot(name: str, fig: Figure) -> str:
    stream = io.BytesIO()
    fig.savefig(stream, format="svg", metadata={"Date": None})
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    source = f"data:image/svg+xml;base64,{data}"
    return f'<div class="card"><img class="plot" alt="{escape(name)}" src="{source}"></div>'


def _tables(done: Comparison) -> list[str]:
    out = []
    for metric in done.settings.metrics:
        for channel in done.settings.channels:
            for rate in done.settings.rates:
                rows = of(done.points, channel=channel, rate=rate)
                title = f"{LABELS.get(metric, metric)}: {CHANNELS.get(channel, channel)}, CBR "
                out.append(
                    f'<div class="card"><h3>{escape(title)}{ratio(rate)}</h3>'
                    f"{_table(rows, metric)}</div>"
                )
    return out


def _table(rows: list[Row], metric: str) -> str:
    """A line per scheme, a column per SNR."""
    snrs = sorted({r["snr_db"] for r in rows if r["snr_db"] is not None})
    columns = snrs or [None]
    sign = -1 if metric in FALLING else 1
    best = {
        snr: max((sign * r[metric] for r in rows if r["snr_db"] == snr and r[metric] is not None),
                 default=None)
        for snr in columns
    }  # fmt: skip
    heads = "".join(f"<th>{'no noise' if s is None else f'{s:g} dB'}</th>" for s in columns)
    lines = [f"<tr><th>scheme</th>{heads}</tr>"]
    for scheme in dict.fromkeys(r["scheme"] for r in rows):
        found = {r["snr_db"]: r for r in rows if r["scheme"] == scheme}
        cells = "".join(_cell(found.get(s), metric, sign, best[s]) for s in columns)
        lines.append(f"<tr><td>{escape(scheme)}</td>{cells}</tr>")
    return f"<table>{''.join(lines)}</table>"


def _cell(row: Row | None, metric: str, sign: int, best: float | None) -> str:
    if row is None or row[metric] is None:
        return "<td>–</td>"
    digits = DIGITS.get(metric, 3)
    half = row.get(f"{metric}_ci")
    around = "" if half is None else f" <small>± {half:.{digits}f}</small>"
    lost = f" <small>({row['lost']} lost)</small>" if row["lost"] else ""
    mark = ' class="top"' if best is not None and sign * row[metric] >= best else ""
    return f"<td{mark}>{row[metric]:.{digits}f}{around}{lost}</td>"


def _pictures(done: Comparison) -> str:
    """A few pictures as every scheme shows them."""
    snr_db, rate = example_snr_db(done.settings), done.settings.rates[0]
    first = done.settings.metrics[0]
    out = []
    for picture in done.pictures:
        for channel in done.settings.channels:
            shown = {k[1]: v for k, v in done.samples.items() if k[::2] == (picture.name, channel)}
            if not shown:
                continue
            cells = [_figure(picture.pixels, "original", "")]
            for scheme, image in shown.items():
                rows = of(done.rows, image=picture.name, scheme=scheme, channel=channel, rate=rate,
                          seed=done.settings.first_seed)  # fmt: skip
                values = [r[first] for r in rows
                          if r["snr_db"] in (snr_db, None) and r[first] is not None]  # fmt: skip
                note = f"{max(values):.{DIGITS.get(first, 3)}f}" if values else "–"
                cells.append(_figure(image, scheme, f"{LABELS.get(first, first)} {note}"))
            where = "" if channel == "none" else f", {snr_db:g} dB"
            title = f"{picture.name}: {CHANNELS.get(channel, channel)}{where}, CBR {ratio(rate)}"
            out.append(
                f'<div class="card"><h3>{escape(title)}</h3><div class="row">'
                f"{''.join(cells)}</div></div>"
            )
    return f"<h2>Pictures</h2>{''.join(out)}" if out else ""


def _figure(image: object, name: str, note: str) -> str:
    source = data_uri(image, 88)  # type: ignore[arg-type]
    return (
        f'<figure><img alt="{escape(name)}" src="{source}">'
        f"<figcaption><b>{escape(name)}</b> {escape(note)}</figcaption></figure>"
    )


def _skipped(lines: list[str]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h2>Left out</h2><ul>{items}</ul>"


def _footer() -> str:
    about = machine()
    return (
        f"{escape(str(about['cpu']))}, {about['cores']} cores. Beside this file: rows.jsonl and "
        "rows.csv (one line per picture and point), points.csv (means), the figures as PNG, SVG "
        "and PDF, and compare.toml, which repeats the comparison. PSNR is computed on 8-bit "
        "images and averaged per image."
    )
