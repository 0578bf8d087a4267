"""The demo's report: one HTML file with everything inside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from gensc.figures import pictures
from gensc.figures.chart import Series, line_chart
from gensc.link.reception import Reception
from gensc.link.schemes import JsccScheme, Stages
from gensc.results.result import Result
from gensc.system.machine import machine
from gensc.system.plain import text
from gensc_phy.atomic import write_text

_HERE = Path(__file__).parent
CHANNEL_TITLES = {
    "awgn": "AWGN",
    "rayleigh": "Rayleigh block fading",
    "multipath": "Multipath",
    "fading": "Time-varying multipath fading",
    "none": "No noise",
}
#: Where original, received and refined picture are set side by side: the SNR nearest to this.
SIDE_BY_SIDE_DB = 5.0
#: Least and most pictures a line is divided among.
_COLUMNS = 3, 6
_PHOTO = ("photo", "and caption")
_WAVEFORM = (
    ("fragmenter", "interleaved bursts"),
    ("burst TX", "OFDM, preamble"),
    ("channel", "noise, fading, CFO"),
    ("burst RX", "sync, equaliser"),
    ("assembler", "symbols + noise variance"),
)
_REFINER = ("refiner", "detail by diffusion")
_EDITOR = ("editor", "by caption and mask")
#: What became of an edit that is not shown as a picture: it is the received one.
_UNCHANGED = ("untouched", "rejected", "failed")


@dataclass(frozen=True)
class Source:
    """Where a photo of the report is from.

    Attributes:
        name: of its transmissions.
        change: what was done to it before it was sent; "": nothing.
        is_sample: one of scikit-image's photos.
    """

    name: str
    change: str = ""
    is_sample: bool = False


@dataclass(frozen=True)
class Case:
    """A transmission, its result line, and those of refined and edited image where there are."""

    reception: Reception
    result: Result
    refined: Result | None = None
    edited: Result | None = None

    @property
    def gain_db(self) -> float | None:
        """PSNR gained by the refiner; None where one of the two is not known."""
        return _gain_db(self.result, self.refined)

    @property
    def edit_gain_db(self) -> float | None:
        """PSNR gained by the editor; None where one of the two is not known."""
        return _gain_db(self.result, self.edited)


def _gain_db(before: Result, after: Result | None) -> float | None:
    if after is None or not {"psnr"} <= before.metrics.keys() & after.metrics:
        return None
    return after.metrics["psnr"] - before.metrics["psnr"]


def render(
    cases: Sequence[Case],
    codec: str,
    rate: int,
    sender: Stages = JsccScheme.sender_stages,
    receiver: Stages = JsccScheme.receiver_stages,
    sources: Sequence[Source] = (),
) -> str:
    """The report as HTML text.

    Args:
        cases: every transmission; photos, channels and SNRs are shown in order of appearance.
        codec: name of the weights.
        rate: channel symbols per 16×16 block.
        sender, receiver: blocks of the codec.
        sources: of the photos.
    """
    changes = {source.name: source.change for source in sources}
    photos = _in_order(c.reception.name for c in cases)
    channels = _in_order(c.reception.channel for c in cases)
    template = (_HERE / "report.html").read_text(encoding="utf-8")
    first, refiner, editor = cases[0].result, cases[0].refined, cases[0].edited
    behind = [stage for stage, used in ((_REFINER, refiner), (_EDITOR, editor)) if used]
    stages = (_PHOTO, *sender, *_WAVEFORM, *receiver, *behind, _PHOTO)
    parts = {
        "lead": (
            f"{len(photos)} photo{'s' * (len(photos) > 1)} crossed a GNU Radio flowgraph "
            f"{len(cases)} times: as {first.cbr:.4f} channel symbols per colour "
            f"sample (about 1/{1 / first.cbr:.0f}), "
            f"with the codec <b>{escape(codec)}</b> at {rate} symbols per 16×16 block. One "
            "encoder and one decoder serve every SNR shown; nothing is retransmitted."
            f"{_lead_refined(refiner)}{_lead_edited(editor)}"
        ),
        "stages": "".join(
            f"<li><b>{escape(a)}</b><small>{escape(b)}</small></li>" for a, b in stages
        ),
        "tiles": _tiles(cases),
        "chart": _chart(cases, photos, channels),
        "photos": "".join(
            _photo([c for c in cases if c.reception.name == name], channels, changes.get(name, ""))
            for name in photos
        ),
        "footer": _footer(cases, sources),
    }
    for key, value in parts.items():
        template = template.replace("{{" + key + "}}", value)
    return template


def write_report(
    path: Path,
    cases: Sequence[Case],
    codec: str,
    rate: int,
    sender: Stages = JsccScheme.sender_stages,
    receiver: Stages = JsccScheme.receiver_stages,
    sources: Sequence[Source] = (),
) -> None:
    """Write `render`'s page to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, text(render(cases, codec, rate, sender, receiver, sources)))


def _in_order(values: Iterable[str]) -> list[str]:
    """Without repetitions, in order of appearance."""
    return list(dict.fromkeys(values))


def _lead_refined(refined: Result | None) -> str:
    """What the page says about its refiner; nothing where there is none."""
    if refined is None or refined.refiner is None:
        return ""
    return (
        f" Behind the decoder <b>{escape(refined.refiner.id)}</b> refines every picture, told the "
        "SNR that was measured; both pictures are shown."
    )


def _lead_edited(edited: Result | None) -> str:
    """What the page says about its editor; nothing where there is none."""
    if edited is None:
        return ""
    return (
        f" <b>{escape(str(edited.extra['editor']))}</b> edits every picture, told the caption that "
        "arrived; a guard blends or rejects what strays from the picture received."
    )


def _tiles(cases: Sequence[Case]) -> str:
    sent = sum(c.reception.fragments for c in cases)
    lost = sum(c.reception.fragments_lost for c in cases)
    captions = [c.reception for c in cases if c.reception.text_sent is not None]
    errors = [
        abs(c.reception.snr_measured_db - c.reception.snr_db)
        for c in cases
        if c.reception.channel == "awgn" and c.reception.snr_measured_db is not None
    ]
    spans = [sum((c.refined or c.result).latency_ms.values()) / 1e3 for c in cases]
    tiles = [
        (f"{sent - lost} / {sent}", "analog bursts received"),
        (f"{sum(bool(r.text_ok) for r in captions)} / {len(captions)}", "captions exact"),
        (f"{fmean(errors):.2f} dB" if errors else "–", "SNR estimate off by, AWGN"),
        (f"{fmean(spans):.2f} s", "image to image, on average"),
    ]
    gains = [c.gain_db for c in cases if c.gain_db is not None]
    if gains:
        times = [c.refined.latency_ms.get("refine", 0.0) for c in cases if c.refined]
        tiles += [
            (f"{fmean(gains):+.2f} dB", "PSNR gained by the refiner, on average"),
            (f"{fmean(times) / 1e3:.2f} s", "of that refining, on average"),
        ]
    edits = [c for c in cases if c.edited and c.reception.edit]
    if edits:
        shown = sum(c.reception.edit not in _UNCHANGED for c in edits)
        times = [c.edited.latency_ms.get("edit", 0.0) for c in edits if c.edited]
        tiles += [
            (f"{shown} / {len(edits)}", "edits shown, whole or blended"),
            (f"{fmean(times) / 1e3:.2f} s", "per edit, on average"),
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
        title = _title(channel)
        mean = _mean((c.reception.snr_db, c.result) for c in here)
        series.append(Series(f"{title}, mean", mean, colour))
        mean = _mean((c.reception.snr_db, c.refined) for c in here)
        if mean:
            series.append(Series(f"{title}, refined", mean, colour, dashed=True))
    return line_chart(series, "SNR asked for: Es/N0, dB", "PSNR, dB")


def _mean(results: Iterable[tuple[float, Result | None]]) -> list[tuple[float, float]]:
    """(SNR, mean PSNR) in ascending order, of the results that have one."""
    by_snr: dict[float, list[float]] = {}
    for snr_db, result in results:
        if result is not None and "psnr" in result.metrics:
            by_snr.setdefault(snr_db, []).append(result.metrics["psnr"])
    return sorted((snr, fmean(values)) for snr, values in by_snr.items())


def _title(channel: str) -> str:
    return CHANNEL_TITLES.get(channel, channel)


def _photo(cases: list[Case], channels: list[str], change: str) -> str:
    first = cases[0]
    original, s = first.reception.original, first.result.symbols
    height, width, _ = original.shape
    rows = [_side_by_side(cases)]
    for channel in channels:
        here = sorted(
            (c for c in cases if c.reception.channel == channel), key=lambda c: c.reception.snr_db
        )
        rows.append(f"<h3>{escape(_title(channel))}</h3>{_row(list(map(_cell, here)))}")
    digital = f"<dt>digital</dt><dd>{s.digital}</dd>" if s.digital else ""
    changed = f'<dd class="change">{escape(change)}</dd>' if change else ""
    caption = first.reception.text_sent
    quote = f"<blockquote>{escape(caption)}</blockquote>" if caption else ""
    return (
        f'<section class="photo"><div class="source"><h2>{escape(first.reception.name)}</h2>'
        f"{_image(original, 'original')}{quote}"
        f"{_foreground(cases)}"
        f"<dl><dt>size</dt><dd>{width}×{height}</dd>{changed}<dt>bandwidth ratio</dt>"
        f"<dd>{first.result.cbr:.4f}</dd><dt>analog symbols</dt><dd>{s.analog}</dd>{digital}"
        f"<dt>text symbols</dt><dd>{s.text}</dd>"
        f'<dt title="preamble, training, headers, pilots, fill">air overhead</dt>'
        f"<dd>{s.overhead}</dd></dl></div>"
        f'<div class="received">{"".join(rows)}</div></section>'
    )


def _row(cells: list[str]) -> str:
    """Figures side by side; one alone is no larger than one of three, of many each six a line."""
    columns = min(max(len(cells), _COLUMNS[0]), _COLUMNS[1])
    return f'<div class="row" style="--columns:{columns}">{"".join(cells)}</div>'


def _foreground(cases: list[Case]) -> str:
    """What the sender took for foreground at the highest SNR; nothing where it knows none."""
    known = [c.reception for c in cases if c.reception.foreground is not None]
    if not known:
        return ""
    best = max(known, key=lambda r: r.snr_db)
    assert best.foreground is not None
    title = f"foreground at {best.snr_db:g} dB"
    shown = pictures.mask_picture(best.original, best.foreground)
    share = f"{title}: {best.foreground.mean():.0%} of the blocks"
    return f"{_image(shown, title)}<figcaption>{share}</figcaption>"


def _side_by_side(cases: list[Case]) -> str:
    """Original, received, refined and edited picture of one operating point, large."""
    better = [c for c in cases if c.reception.image is not None and _betters(c)]
    if not better:
        return ""
    shown = min(better, key=lambda c: abs(c.reception.snr_db - SIDE_BY_SIDE_DB))
    r = shown.reception
    assert r.image is not None
    figures = [
        ("original", r.original, ""),
        ("received", r.image, _quality(shown.result)),
        *_betters(shown),
    ]
    cells = [
        f'<figure><div class="snr"><b>{title}</b></div>{_image(image, title)}'
        f"<figcaption>{quality}</figcaption></figure>"
        for title, image, quality in figures
    ]
    where = f"{escape(_title(r.channel))} at {r.snr_db:g} dB, side by side"
    return f"<h3>{where}</h3>{_row(cells)}"


def _betters(case: Case) -> list[tuple[str, NDArray[np.uint8], str]]:
    """What was made of the received picture: title, pixels and quality of each."""
    r, made = case.reception, []
    if case.refined is not None and r.refined is not None:
        made.append(("refined", r.refined, _quality(case.refined, case.gain_db)))
    if case.edited is not None and r.edited is not None and r.edit not in _UNCHANGED:
        quality = f"{_quality(case.edited, case.edit_gain_db)}{_fate(r)}"
        made.append(("edited", r.edited, quality))
    return made


def _quality(result: Result, gain_db: float | None = None, unit: str = "PSNR") -> str:
    """PSNR and SSIM of a picture, and what it gained on the one before it."""
    metrics = result.metrics
    if "psnr" not in metrics or "ssim" not in metrics:
        return "lost" if not result.received else escape(result.reasons.get("psnr", "–"))
    gained = f" ({gain_db:+.2f})" if gain_db is not None else ""
    return f"<b>{metrics['psnr']:.2f} dB</b> {unit}{gained} · {metrics['ssim']:.3f} SSIM"


def _refined(case: Case) -> str:
    """The refined picture of a cell; nothing where the page has no refiner."""
    r = case.reception
    if case.refined is None or r.image is None:
        return ""
    if r.refined is None:
        return f'<div class="note bad">{_quality(case.refined)}</div>'
    return (
        f"{_image(r.refined, f'refined at {r.snr_db:g} dB')}"
        f"<figcaption>{_quality(case.refined, case.gain_db, 'refined')}</figcaption>"
    )


def _edited(case: Case) -> str:
    """The edited picture of a cell and what became of the edit; nothing without an editor."""
    r = case.reception
    if case.edited is None or r.edited is None:
        return ""
    if r.edit in _UNCHANGED:
        return _fate(r)
    return (
        f"{_image(r.edited, f'edited at {r.snr_db:g} dB')}"
        f"<figcaption>{_quality(case.edited, case.edit_gain_db, 'edited')}</figcaption>{_fate(r)}"
    )


def _fate(r: Reception) -> str:
    """What became of an edit, in words."""
    state = "good" if r.edit == "accepted" else "bad" if r.edit in ("rejected", "failed") else ""
    reason = f": {escape(r.edit_reason)}" if r.edit_reason else ""
    return f'<div class="note">edit <span class="{state}">{r.edit}</span>{reason}</div>'


def _cell(case: Case) -> str:
    r = case.reception
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
    return (
        f"<figure>{head}{body}<figcaption>{_quality(case.result)}</figcaption>{_refined(case)}"
        f"{_edited(case)}"
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


def _footer(cases: Sequence[Case], sources: Sequence[Source]) -> str:
    about = machine()
    versions = about["versions"]
    assert isinstance(versions, dict)
    named = ", ".join(f"{name} {v}" for name, v in versions.items() if v)
    refined = cases[0].refined
    used = [cases[0].result.weights, refined.refiner if refined else None]
    sha = "".join(f" Weights {escape(w.id)}, SHA-256 {w.sha256[:16]}…" for w in used if w)
    return (
        f"{escape(str(about['cpu']))}, {about['cores']} cores. {escape(named)}.{sha} "
        f"{_photographers(sources)}"
    )


def _photographers(sources: Sequence[Source]) -> str:
    """Whose photos these are."""
    samples = [source.name for source in sources if source.is_sample]
    own = [source.name for source in sources if not source.is_sample]
    whose = []
    if own:
        whose.append(f"your own ({escape(', '.join(own))})")
    if samples:
        whose.append(f"samples of scikit-image ({', '.join(samples)})")
    return f"Photos: {', '.join(whose)}." if whose else ""
