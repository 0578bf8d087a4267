"""The demo's report: one HTML file with everything inside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from statistics import fmean

import numpy as np
from gensc_host import pictures
from gensc_host.chart import Series, line_chart
from gensc_host.machine import machine
from gensc_host.reception import Reception
from gensc_host.results import Result
from numpy.typing import NDArray

_HERE = Path(__file__).parent
CHANNEL_TITLES = {
    "awgn": "AWGN",
    "rayleigh": "Rayleigh block fading",
    "multipath": "Multipath",
    "fading": "Time-varying multipath fading",
    "none": "No noise",
}
_STAGES = (
    ("photo", "and caption"),
    ("JSCC encoder", "pixels → symbols"),
    ("fragmenter", "interleaved bursts"),
    ("burst TX", "OFDM, preamble"),
    ("channel", "noise, fading, CFO"),
    ("burst RX", "sync, equaliser"),
    ("assembler", "symbols + noise variance"),
    ("JSCC decoder", "symbols → pixels"),
    ("photo", "and caption"),
)


@dataclass(frozen=True)
class Case:
    """A transmission and its result line."""

    reception: Reception
    result: Result


def render(cases: Sequence[Case], codec: str, rate: int) -> str:
    """The report as HTML text.

    Args:
        cases: every transmission; photos, channels and SNRs are shown in order of appearance.
        codec: name of the weights.
        rate: channel symbols per 16×16 block.
    """
    photos = _in_order(c.reception.name for c in cases)
    channels = _in_order(c.reception.channel for c in cases)
    template = (_HERE / "report.html").read_text(encoding="utf-8")
    first = cases[0].result
    parts = {
        "lead": (
            f"{len(photos)} photos crossed a GNU Radio flowgraph {len(cases)} times: as "
            f"{first.cbr:.4f} channel symbols per colour sample (about 1/{1 / first.cbr:.0f}), "
            f"with the codec <b>{escape(codec)}</b> at {rate} symbols per 16×16 block. One "
            "encoder and one decoder serve every SNR shown; nothing is retransmitted."
        ),
        "stages": "".join(
            f"<li><b>{escape(a)}</b><small>{escape(b)}</small></li>" for a, b in _STAGES
        ),
        "tiles": _tiles(cases),
        "chart": _chart(cases, photos, channels),
        "photos": "".join(
            _photo([c for c in cases if c.reception.name == name], channels) for name in photos
        ),
        "footer": _footer(cases),
    }
    for key, value in parts.items():
        template = template.replace("{{" + key + "}}", value)
    return template


def write_report(path: Path, cases: Sequence[Case], codec: str, rate: int) -> None:
    """Write `render`'s page to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(cases, codec, rate), encoding="utf-8")


def _in_order(values: Iterable[str]) -> list[str]:
    """Without repetitions, in order of appearance."""
    return list(dict.fromkeys(values))


def _tiles(cases: Sequence[Case]) -> str:
    sent = sum(c.reception.fragments for c in cases)
    lost = sum(c.reception.fragments_lost for c in cases)
    captions = [c.reception for c in cases if c.reception.text_sent is not None]
    errors = [
        abs(c.reception.snr_measured_db - c.reception.snr_db)
        for c in cases
        if c.reception.channel == "awgn" and c.reception.snr_measured_db is not None
    ]
    spans = [sum(c.result.latency_ms.values()) / 1e3 for c in cases]
    tiles = [
        (f"{sent - lost} / {sent}", "analog bursts received"),
        (f"{sum(bool(r.text_ok) for r in captions)} / {len(captions)}", "captions exact"),
        (f"{fmean(errors):.2f} dB" if errors else "–", "SNR estimate off by, AWGN"),
        (f"{fmean(spans):.2f} s", "image to image, on average"),
    ]
    return "".join(f"<div><b>{value}</b><span>{label}</span></div>" for value, label in tiles)


def _chart(cases: Sequence[Case], photos: list[str], channels: list[str]) -> str:
    series: list[Series] = []
    for number, channel in enumerate(channels, start=1):
        here = [c for c in cases if c.reception.channel == channel and "psnr" in c.result.metrics]
        colour = f"var(--series-{number})"
        for photo in photos:
            points = [
                (c.reception.snr_db, c.result.metrics["psnr"])
                for c in here
                if c.reception.name == photo
            ]
            series.append(Series("", sorted(points), colour, faint=True))
        by_snr: dict[float, list[float]] = {}
        for c in here:
            by_snr.setdefault(c.reception.snr_db, []).append(c.result.metrics["psnr"])
        mean = sorted((snr, fmean(values)) for snr, values in by_snr.items())
        series.append(Series(f"{_title(channel)}, mean", mean, colour))
    return line_chart(series, "SNR asked for: Es/N0, dB", "PSNR, dB")


def _title(channel: str) -> str:
    return CHANNEL_TITLES.get(channel, channel)


def _photo(cases: list[Case], channels: list[str]) -> str:
    first = cases[0]
    original, s = first.reception.original, first.result.symbols
    height, width, _ = original.shape
    rows = []
    for channel in channels:
        here = sorted(
            (c for c in cases if c.reception.channel == channel), key=lambda c: c.reception.snr_db
        )
        rows.append(
            f'<h3>{escape(_title(channel))}</h3><div class="row" style="--columns:{len(here)}">'
            f"{''.join(map(_cell, here))}</div>"
        )
    digital = f"<dt>digital</dt><dd>{s.digital}</dd>" if s.digital else ""
    caption = first.reception.text_sent
    quote = f"<blockquote>{escape(caption)}</blockquote>" if caption else ""
    return (
        f'<section class="photo"><div class="source"><h2>{escape(first.reception.name)}</h2>'
        f"{_image(original, 'original')}{quote}"
        f"<dl><dt>size</dt><dd>{width}×{height}</dd><dt>bandwidth ratio</dt>"
        f"<dd>{first.result.cbr:.4f}</dd><dt>analog symbols</dt><dd>{s.analog}</dd>{digital}"
        f"<dt>text symbols</dt><dd>{s.text}</dd>"
        f'<dt title="preamble, training, headers, pilots, fill">air overhead</dt>'
        f"<dd>{s.overhead}</dd></dl></div>"
        f'<div class="received">{"".join(rows)}</div></section>'
    )


def _cell(case: Case) -> str:
    r, metrics = case.reception, case.result.metrics
    measured = "–" if r.snr_measured_db is None else f"{r.snr_measured_db:.1f}"
    head = (
        f'<div class="snr"><b>{r.snr_db:g} dB</b><span title="Es/N0 estimated by the receiver">'
        f"measured {measured}</span></div>"
    )
    if r.image is None:
        body = '<div class="lost">nothing received</div>'
        small = ""
    else:
        body = _image(r.image, f"received at {r.snr_db:g} dB")
        small = _image(pictures.error_map(r.original, r.image), "error map", quality=80)
    if r.constellation.size:
        picture = pictures.constellation(r.constellation)
        small += _image(picture, "received analog symbols", quality=75)
    if r.text_constellation.size:
        picture = pictures.constellation(r.text_constellation, reach=1.8)
        small += _image(picture, "received text symbols", quality=75)
    quality = (
        f"<b>{metrics['psnr']:.2f} dB</b> PSNR · {metrics['ssim']:.3f} SSIM"
        if "psnr" in metrics and "ssim" in metrics
        else "lost"
    )
    return (
        f"<figure>{head}{body}<figcaption>{quality}</figcaption>"
        f'<div class="small">{small}</div>{_delivery(r)}</figure>'
    )


def _delivery(r: Reception) -> str:
    bursts = f"{r.fragments - r.fragments_lost}/{r.fragments} bursts"
    if r.text_sent is None:
        return f'<div class="note">{bursts}</div>'
    if r.text_ok:
        caption = "caption exact"
    elif r.text:
        caption = f"caption damaged: {escape(r.text)}"
    else:
        caption = "caption lost"
    state = "good" if r.text_ok else "bad"
    return f'<div class="note">{bursts} · <span class="{state}">{caption}</span></div>'


def _image(image: NDArray[np.uint8], alt: str, quality: int = 90) -> str:
    uri = pictures.data_uri(image, quality)
    return f'<img src="{uri}" alt="{escape(alt)}" title="{escape(alt)}">'


def _footer(cases: Sequence[Case]) -> str:
    about = machine()
    versions = about["versions"]
    assert isinstance(versions, dict)
    named = ", ".join(f"{name} {v}" for name, v in versions.items() if v)
    weights = cases[0].result.weights
    sha = f" Weights {escape(weights.id)}, SHA-256 {weights.sha256[:16]}…" if weights else ""
    return f"{escape(str(about['cpu']))}, {about['cores']} cores. {escape(named)}.{sha}"
