#!/usr/bin/env python3
"""Writes the tables of docs/results/ from the JSON below results/.

Each block between ``<!-- results:NAME -->`` and ``<!-- /results:NAME -->`` is replaced by what
``results/NAME/NAME.json`` says, so that no figure there is typed by hand. Of a benchmark with
several files, ``NAME-PART.json``, each has a block.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
Row = dict[str, Any]


def main() -> None:
    """Fill in every block of every page whose result file is there."""
    for page in sorted((ROOT / "docs" / "results").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        page.write_text(filled(text), encoding="utf-8")
    page = ROOT / "docs" / "performance.md"
    if page.exists():
        block = "\n".join(speeds())
        page.write_text(_between("speeds", block, page.read_text(encoding="utf-8")), "utf-8")


def filled(text: str) -> str:
    """A page with its blocks as the results are now."""
    for name in re.findall(r"<!-- results:([\w-]+) -->", text):
        file = ROOT / "results" / name.partition("-")[0] / f"{name}.json"
        if not file.exists():
            continue
        block = "\n".join(render(name, json.loads(file.read_text(encoding="utf-8"))))
        text = _between(f"results:{name}", block, text)
    return text


def _between(name: str, block: str, text: str) -> str:
    """A page's text with a block between the marks of that name."""
    marks = rf"(<!-- {name} -->).*?(<!-- /{name} -->)"
    return re.sub(marks, lambda m: f"{m[1]}\n{block}\n{m[2]}", text, flags=re.S)


def render(name: str, result: Row) -> Iterable[str]:
    """The lines of one block: tables of its own, then the checks."""
    tables = {
        "link": link,
        "radio": radio,
        "ldpc": ldpc,
        "codec": codec,
        "fidelity": fidelity,
        "gsc": gsc,
        "cie": cie,
        "gened": gened,
        "capacity": capacity,
    }
    yield from tables.get(name, nothing)(result)
    yield ""
    yield "| measured | value | asked |"
    yield "|---|---:|---:|"
    for check in result["checks"]:
        unit = f" {check['unit']}" if check["unit"] else ""
        value = "–" if check["value"] is None else f"{check['value']:.4g}{unit}"
        asked = f"{check['op'].replace('>=', '≥').replace('<=', '≤')} {check['target']:g}{unit}"
        yield f"| {check['name']} | {value} | {asked} |"
    machine = result["machine"]
    yield ""
    yield f"<sub>{machine['cpu']}, {machine['cores']} cores, {result['seconds']:.0f} s.</sub>"


def nothing(result: Row) -> Iterable[str]:
    """No table of its own."""
    return ()


def link(result: Row) -> Iterable[str]:
    """Detection beside the stock receiver."""
    detection = [r for r in result["rows"] if r["what"] == "detection"]
    asked = [r for r in detection if r["bursts"] == max(d["bursts"] for d in detection)]
    yield ""
    yield "| channel | Es/N0 | bursts | gr-gensc | stock, threshold 0.4 | stock, threshold 0.9 |"
    yield "|---|---:|---:|---:|---:|---:|"
    for r in asked:
        shares = " | ".join(f"{100 * r[k]:.1f} %" for k in ("ours", "stock_0.4", "stock_0.9"))
        yield f"| {r['channel']} | {r['snr_db']:g} dB | {r['bursts']} | {shares} |"


def radio(result: Row) -> Iterable[str]:
    """Every case before the redesign and now; speed; the long run."""
    file = ROOT / "results" / "radio" / "before.json"
    cases = {(r["group"], r["case"]): r for r in rows_of(json.loads(file.read_text()), "case")}
    rows = rows_of(result, "case")
    for group in dict.fromkeys(r["group"] for r in rows):
        yield ""
        yield f"| {group} | received, before | now | stock | loss, before | now | variance off |"
        yield "|---|---:|---:|---:|---:|---:|---:|"
        for r in (r for r in rows if r["group"] == group):
            old = cases[group, r["case"]]
            shares = [f"{x:.1f} %" for x in (old["success_percent"], r["success_percent"])]
            shares.append(f"{r['stock_percent']:.1f} %")
            losses = [figure(x["loss_db"], 2) for x in (old, r)]
            off = figure(r["calibration_db"], 2)
            yield f"| {r['case']} | " + " | ".join([*shares, *losses, off]) + " |"
    yield ""
    yield "| air, one thread | Msps | of noise alone |"
    yield "|---|---:|---:|"
    for r in rows_of(result, "speed"):
        yield f"| {r['air']} | {r['msps']:.1f} | {r['over_noise_alone']:.2f} |"
    for r in rows_of(result, "stream"):
        yield ""
        yield "| ten minutes through `indoor-walk` | |"
        yield "|---|---:|"
        for key, value in r.items():
            if key != "what":
                yield f"| {key.replace('_', ' ')} | {value:.6g} |"


#: Results that say how fast something is: how the names of their checks begin, and are shown.
SPEEDS = (
    ("radio", "receiver, ", "receiver, "),
    ("link", "flowgraph speed over", "flowgraph, over"),
    ("ldpc", "a single word beside", "LDPC decoder, a word, over"),
    ("serve", "images/s over", "service, images/s over"),
)
#: Units of the checks, as one sees them in a table.
UNITS = {"x": "×", "times": "×"}


def speeds() -> Iterable[str]:
    """Every check about speed, with the command that measures it; then what an image costs."""
    results = {f.stem: json.loads(f.read_text()) for f in ROOT.glob("results/*/*.json")}
    yield ""
    yield "| | measured | by | on |"
    yield "|---|---:|---|---|"
    for name, start, shown in SPEEDS:
        result = results[name]
        machine = f"{result['machine']['cpu']}, {result['machine']['cores']} cores"
        for check in result["checks"]:
            if check["name"].startswith(start):
                value = f"{check['value']:.3g} {UNITS.get(check['unit'], check['unit'])}"
                what = check["name"].replace(start, shown, 1)
                yield f"| {what} | {value} | `gensc bench {name}` | {machine} |"
    yield from complexity(results["gsc"])
    yield ""
    yield "| `hyperprior`, one image | encode | decode |"
    yield "|---|---:|---:|"
    for r in (r for r in results["cie"]["rows"] if r["experiment"] == "codec time"):
        times = f"{r['encode_ms']:.0f} ms | {r['decode_ms']:.0f} ms"
        yield f"| {r['size']}, threads: {r['threads']} | {times} |"


def rows_of(result: Row, what: str) -> list[Row]:
    """The rows of a benchmark that measured several things."""
    return [r for r in result["rows"] if r["what"] == what]


def ldpc(result: Row) -> Iterable[str]:
    """The modulation and coding schemes, and the decoder beside others."""
    yield ""
    yield "| MCS | scheme | bit/symbol | Es/N0 for BLER 1 % | measured again | of the capacity |"
    yield "|---:|---|---:|---:|---:|---:|"
    for r in result["rows"]:
        if r["what"] == "scheme":
            again = "" if r["measured_db"] is None else f"{r['measured_db']:.2f} dB"
            yield (
                f"| {r['mcs']} | {r['name']} | {r['bits_per_symbol']:.2f} | "
                f"{r['threshold_db']:.2f} dB | {again} | {100 * r['share_of_capacity']:.0f} % |"
            )
    yield ""
    yield "| decoder | check rule | ms per word, processor time | times slower |"
    yield "|---|---|---:|---:|"
    for r in result["rows"]:
        if r["what"] == "decoder":
            yield (
                f"| {r['name']} | {r['rule']} | {r['ms_per_word']:.2f} | {r['times_slower']:.0f} |"
            )
    yield ""
    yield "| scheme | encode Mbit/s | demap Msymbol/s | decode Mbit/s |"
    yield "|---|---:|---:|---:|"
    for r in result["rows"]:
        if r["what"] == "chain":
            speeds = (r["encode_mbit_per_s"], r["demap_msymbol_per_s"], r["decode_mbit_per_s"])
            yield f"| {r['name']} | " + " | ".join(f"{speed:.1f}" for speed in speeds) + " |"


def capacity(result: Row) -> Iterable[str]:
    """Stages, the model beside the service, and many users on paper."""

    def part(name: str) -> list[Row]:
        return [r for r in result["rows"] if r["part"] == name]

    yield ""
    yield "| stage | images | ms, processor time |"
    yield "|---|---:|---:|"
    for r in part("stages"):
        yield f"| {r['side']}×{r['side']}, {r['stage']} | {r['images']} | {r['ms']:.2f} |"
    for r in part("replica"):
        yield ""
        yield f"A replica takes {r['rss_mib']:.0f} MiB and {r['start_s']:.1f} s to start."
    yield ""
    yield "| load | | images/s | p50 | p95 | a batch | cores others had |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for r in part("held against"):
        error = "" if r["how"] == "service" else f" ({r['images_per_s_error']:+.1f} %)"
        waits = f"{r['p50_ms']:.0f} ms | {r['p95_ms']:.0f} ms"
        yield (
            f"| {r['case']} | {r['how']} | {r['images_per_s']:.1f}{error} | {waits} | "
            f"{r['batch']:.1f} | {r['others']:.2f} |"
        )
    for name, title in (("on paper", "users"), ("floods", "users, beside those who flood")):
        yield ""
        yield (
            f"| {title} | fronts | replicas | images/s | of what is asked | p50 | p99 | "
            "fronts busy | replicas busy | Jain | images/s a replica |"
        )
        yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
        for r in part(name):
            waits = f"{r['p50_ms'] / 1e3:.2f} s | {r['p99_ms'] / 1e3:.2f} s"
            busy = f"{100 * r['front_busy']:.0f} % | {100 * r['replicas_busy']:.0f} %"
            yield (
                f"| {r['users']} | {r['fronts']} | {r['replicas']} | {r['images_per_s']:.0f} | "
                f"{100 * r['of_asked']:.0f} % | {waits} | {busy} | {r['fairness']:.3f} | "
                f"{r['images_per_s_a_replica']:.1f} |"
            )


def codec(result: Row) -> Iterable[str]:
    """PSNR by scheme and SNR, one table per bandwidth ratio, AWGN."""
    rows = [r for r in result["rows"] if r["via"] == "bursts" and r["design_snr_db"] is None]
    schemes = list(dict.fromkeys(r["scheme"] for r in rows))
    for channel in dict.fromkeys(r["channel"] for r in rows):
        for rate in dict.fromkeys(r["rate"] for r in rows):
            chosen = [r for r in rows if (r["channel"], r["rate"]) == (channel, rate)]
            snrs = sorted({r["snr_db"] for r in chosen})
            yield ""
            yield f"PSNR in dB, {channel}, CBR 1/{768 // rate}, {chosen[0]['photos']} photos:"
            yield ""
            yield "| Es/N0, dB | " + " | ".join(f"{s:g}" for s in snrs) + " |"
            yield "|---|" + "---:|" * len(snrs)
            for scheme in schemes:
                line = {r["snr_db"]: r for r in chosen if r["scheme"] == scheme}
                cells = [cell(line[s]) for s in snrs]
                yield f"| {scheme} | " + " | ".join(cells) + " |"


def cell(row: Row) -> str:
    """PSNR, and how many photos were lost where any were."""
    lost = f" ({row['failed']} lost)" if row["failed"] else ""
    return f"{row['psnr']:.2f}{lost}"


def fidelity(result: Row) -> Iterable[str]:
    """PSNR through the flowgraph and over torch, and with lost bursts."""
    parity = [r for r in result["rows"] if r["experiment"] == "parity"]
    yield ""
    yield "| size | CBR | Es/N0 measured | PSNR, flowgraph | PSNR, torch |"
    yield "|---|---|---:|---:|---:|"
    for r in parity:
        yield (
            f"| {r['size']} | 1/{768 // r['rate']} | {r['snr_measured_db']:.2f} dB | "
            f"{r['psnr_flowgraph']:.2f} dB | {r['psnr_torch']:.2f} dB |"
        )


def gsc(result: Row) -> Iterable[str]:
    """PSNR and MS-SSIM by scheme and SNR on CIFAR-10 and photos, then what an image costs."""
    similarity = dict(part.split(": ") for part in result["settings"]["ms_ssim"].split("; "))
    source = {"cifar": result["settings"]["cifar"], "photos": "photos"}
    tables = []
    for experiment, name in (("cifar", "CIFAR-10"), ("photos", "photos")):
        rows = [r for r in result["rows"] if r["experiment"] == experiment]
        for metric, label, digits in (
            ("psnr", "PSNR in dB", 2),
            ("ms_ssim", similarity[name], 3),
        ):
            places = dict.fromkeys((r["channel"], r["rate"]) for r in rows)
            for channel, rate in places:
                chosen = [r for r in rows if (r["channel"], r["rate"]) == (channel, rate)]
                title = f"{label}, {source[experiment]}, {channel}, CBR 1/{768 // rate}, "
                title += f"{chosen[0]['images']} images:"
                tables.append(["", title, "", *by_snr(chosen, metric, digits)])
    yield from chain(*tables[:GSC_SHOWN])
    yield from folded("MS-SSIM, and photos", chain(*tables[GSC_SHOWN:]))
    yield from complexity(result)


def folded(summary: str, lines: Iterable[str]) -> Iterable[str]:
    """Lines that a reader opens; nothing where there are none."""
    inside = list(lines)
    if inside:
        yield from ("", f"<details><summary>{summary}</summary>", *inside, "", "</details>")


#: Tables of GSC that stand open: PSNR on CIFAR-10, both channels.
GSC_SHOWN = 2
#: Schemes in the order of the table's rows; others follow.
GSC_SCHEMES = ("gsc", "ngf", "deepjscc", "softcast")


def by_snr(rows: list[Row], metric: str, digits: int) -> Iterable[str]:
    """One line per scheme, one column per SNR."""
    snrs = sorted({r["snr_db"] for r in rows})
    found = dict.fromkeys(r["scheme"] for r in rows)
    schemes = [s for s in GSC_SCHEMES if s in found] + [s for s in found if s not in GSC_SCHEMES]
    yield "| Es/N0, dB | " + " | ".join(f"{s:g}" for s in snrs) + " |"
    yield "|---|" + "---:|" * len(snrs)
    for scheme in schemes:
        line = {r["snr_db"]: r[metric] for r in rows if r["scheme"] == scheme}
        yield f"| {scheme} | " + " | ".join(f"{line[s]:.{digits}f}" for s in snrs) + " |"


def complexity(result: Row) -> Iterable[str]:
    """Parameters, operations and time of every part, and of serving several users."""
    rows = [r for r in result["rows"] if r["experiment"] == "complexity"]
    if not rows:
        return
    yield ""
    yield f"| {rows[0]['scheme']}, {rows[0]['size']} | parameters | MACs | ms an image |"
    yield "|---|---:|---:|---:|"
    for r in rows:
        if "users" in r:
            served = {"serial": "one after another", "batched": "in one batch"}[r["way"]]
            yield f"| receiver, {r['users']} users {served} | | | {r['ms']:.1f} |"
        else:
            size = f"{r['parameters'] / 1e6:.2f} M | {r['macs'] / 1e6:.1f} M"
            yield f"| {r['part']} | {size} | {r['ms']:.1f} |"


def cie(result: Row) -> Iterable[str]:
    """Codec bank beside JPEG 2000, choices by SNR, what the waveform delivers, distances."""
    rows = result["rows"]

    def of(experiment: str, **fields: Any) -> list[Row]:
        return [
            r
            for r in rows
            if r["experiment"] == experiment and all(r.get(k) == v for k, v in fields.items())
        ]

    theirs = {r["level"]: r["psnr"] for r in of("rate-distortion", scheme="jpeg2000")}
    yield ""
    yield "| operating point | bit per pixel | PSNR | JPEG 2000, same bytes |"
    yield "|---:|---:|---:|---:|"
    for r in of("rate-distortion", scheme="hyperprior"):
        psnr = f"{r['psnr']:.2f} dB | {theirs[r['level']]:.2f} dB"
        yield f"| {r['level']} | {r['bpp']:.3f} | {psnr} |"
    yield ""
    yield "| codec, one image | encode | decode |"
    yield "|---|---:|---:|"
    for r in of("codec time"):
        times = f"{r['encode_ms']:.0f} ms | {r['decode_ms']:.0f} ms"
        yield f"| {r['size']}, threads: {r['threads']} | {times} |"
    for account, name in (("capacity", "capacity, Eq. 8"), ("burst", "burst waveform")):
        yield from cie_choices(of("adaptation", transport=account), name)
    yield from cie_link(of("link"))
    yield from cie_distances(of("distance"))


def cie_choices(rows: list[Row], account: str) -> Iterable[str]:
    """What Algorithm 1 chooses at every third SNR, and the codec that sends everything."""
    whole = {r["snr_db"]: r for r in rows if r["scheme"] != "cie"}
    chosen = [r for r in rows if r["scheme"] == "cie"][::3]
    if not chosen:
        return
    yield ""
    yield f"T_max {chosen[0]['t_max_ms']:g} ms, 1 MHz, {account}:"
    yield ""
    yield "| Es/N0 | point | α | mask PSNR | GVIF | GVIF without filtering |"
    yield "|---:|---:|---:|---:|---:|---:|"
    for r in chosen:
        other = whole[r["snr_db"]]["gvif_within_limits"]
        yield (
            f"| {r['snr_db']:g} dB | {r['point']} | {r['alpha']:.2f} | "
            f"{r['mask_psnr_db']:.1f} dB | {r['gvif_within_limits']:.3f} | {other:.3f} |"
        )


def cie_link(rows: list[Row]) -> Iterable[str]:
    """Mask PSNR of what arrives over the waveform, one line per scheme."""
    if not rows:
        return
    snrs = sorted({r["snr_db"] for r in rows})
    yield ""
    yield (
        f"Mask PSNR in dB over the burst waveform, T_max {rows[0]['t_max_ms']:g} ms, "
        f"{rows[0]['images']} images (share delivered where not all were):"
    )
    yield ""
    yield "| Es/N0, dB | " + " | ".join(f"{s:g}" for s in snrs) + " |"
    yield "|---|" + "---:|" * len(snrs)
    for scheme in dict.fromkeys(r["scheme"] for r in rows):
        line = {r["snr_db"]: r for r in rows if r["scheme"] == scheme}
        cells = [
            f"{line[s]['mask_psnr']:.1f}"
            + (f" ({line[s]['delivered']:.0f} %)" if line[s]["delivered"] < 100 else "")
            for s in snrs
        ]
        yield f"| {scheme} | " + " | ".join(cells) + " |"


def cie_distances(rows: list[Row]) -> Iterable[str]:
    """Distances of the sets of images, one table per metric."""
    for metric in dict.fromkeys(r["metric"] for r in rows):
        found = [r for r in rows if r["metric"] == metric]
        alphas = sorted({r["alpha"] for r in found if r["alpha"] is not None})
        yield ""
        yield f"{metric}, {found[0]['images']} images:"
        yield ""
        yield "| α | " + " | ".join(f"{a:g}" for a in alphas) + " |"
        yield "|---|" + "---:|" * len(alphas)
        for scheme in dict.fromkeys(r["scheme"] for r in found if r["alpha"] is not None):
            line = {r["alpha"]: r["distance"] for r in found if r["scheme"] == scheme}
            cells = [f"{line[a]:.3f}" if a in line else "–" for a in alphas]
            yield f"| {scheme} | " + " | ".join(cells) + " |"
        for r in (r for r in found if r["alpha"] is None):
            yield f"| {r['scheme']} | {r['distance']:.3f} |" + " |" * (len(alphas) - 1)


def gened(result: Row) -> Iterable[str]:
    """Foreground PSNR over both paths, whole-image scores, ablations, importance, counts, times."""
    rows = result["rows"]
    quality = [r for r in rows if r["experiment"] == "quality"]
    variants = {r["scheme"] for r in rows if r["experiment"] == "ablation"} - {"single-branch"}
    compared = [r for r in quality if r["scheme"] not in variants]
    inside = "PSNR of the foreground in dB"
    torch, flowgraph = ([r for r in compared if r["via"] == v] for v in ("torch", "flowgraph"))
    tables = gened_places(torch, "foreground_psnr", inside, 2)
    yield from chain(*tables[:GENED_SHOWN])
    yield from folded("Other bandwidth ratios and channels", chain(*tables[GENED_SHOWN:]))
    tables = gened_places(flowgraph, "foreground_psnr", f"{inside}, through GNU Radio", 2)
    yield from folded("Through GNU Radio", chain(*tables))
    whole = (
        gened_places([r for r in torch if r[metric] is not None], metric, name, digits)
        for metric, name, digits in GENED_WHOLE
    )
    yield from folded("Scores of the whole image", chain(*chain(*whole)))
    yield from gened_ablations(rows)
    yield from gened_importance(rows)
    yield from gened_costs(rows)


#: Tables of GenED-SC that stand open: AWGN, all bandwidth ratios.
GENED_SHOWN = 3
#: Scores of whole images: key, name, decimals.
GENED_WHOLE = (
    ("psnr", "PSNR in dB", 2),
    ("brisque", "BRISQUE, lower is better", 1),
    ("ms_ssim", "MS-SSIM", 3),
    ("lpips", "LPIPS, lower is better", 3),
    ("clip_score", "CLIP-Score", 2),
)


def gened_places(rows: list[Row], metric: str, name: str, digits: int) -> list[list[str]]:
    """A table per data set, channel and bandwidth ratio, AWGN first."""
    places = dict.fromkeys((r["dataset"], r["channel"], r["rate"]) for r in rows)
    tables = []
    for dataset, channel, rate in sorted(places, key=lambda p: (p[0], p[1] != "awgn", p[1], p[2])):
        here = (dataset, channel, rate)
        chosen = [r for r in rows if (r["dataset"], r["channel"], r["rate"]) == here]
        # One SNR alone belongs to the figure of quality against symbols.
        snrs = sorted({r["snr_db"] for r in chosen})
        if len(snrs) < 2:
            continue
        title = f"{name}, {channel}, CBR 1/{768 // rate}, {chosen[0]['images']} photos of {dataset}"
        lines = ["", f"{title}:", ""]
        lines.append("| Es/N0, dB | " + " | ".join(f"{s:g}" for s in snrs) + " |")
        lines.append("|---|" + "---:|" * len(snrs))
        for scheme in dict.fromkeys(r["scheme"] for r in chosen):
            line = {r["snr_db"]: r for r in chosen if r["scheme"] == scheme}
            cells = [gened_cell(line.get(s), metric, digits) for s in snrs]
            lines.append(f"| {scheme} | " + " | ".join(cells) + " |")
        tables.append(lines)
    return tables


def gened_cell(row: Row | None, metric: str, digits: int) -> str:
    """A figure, and how many photos were lost where any were."""
    if row is None:
        return "–"
    lost = f" ({row['lost']} lost)" if row["lost"] else ""
    return figure(row[metric], digits) + lost


def figure(value: float | None, digits: int) -> str:
    """A number, or a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def gened_ablations(rows: list[Row]) -> Iterable[str]:
    """Tables I and II."""
    found = [r for r in rows if r["experiment"] == "ablation"]
    for table in dict.fromkeys(r["table"] for r in found):
        mine = [r for r in found if r["table"] == table]
        yield ""
        yield f"Table {table}, {mine[0]['snr_db']:g} dB, AWGN, CBR 1/{768 // mine[0]['rate']}:"
        yield ""
        yield "| variant | foreground PSNR | PSNR | BRISQUE | LPIPS | mask IoU | steps |"
        yield "|---|---:|---:|---:|---:|---:|---:|"
        for r in mine:
            cells = [figure(r[k], 2) for k in ("foreground_psnr", "psnr")]
            cells += [figure(r["brisque"], 1), figure(r["lpips"], 3), figure(r["mask_iou"], 3)]
            yield f"| {r['scheme']} | {' | '.join(cells)} | {figure(r['steps'], 0)} |"


def gened_importance(rows: list[Row]) -> Iterable[str]:
    """Predicted importance beside simpler methods."""
    found = [r for r in rows if r["experiment"] == "importance"]
    if found:
        yield ""
        yield f"| importance, {found[0]['images']} photos | F | IoU | MAE |"
        yield "|---|---:|---:|---:|"
    for r in found:
        yield f"| {r['name']} | {r['f_measure']:.3f} | {r['iou']:.3f} | {r['mae']:.3f} |"


def gened_costs(rows: list[Row]) -> Iterable[str]:
    """Mean symbols of an image, and milliseconds."""
    counted = [r for r in rows if r["experiment"] == "counts" and r["image"] == "mean"]
    if counted:
        yield ""
        yield "| symbols | foreground | background | header | mask bits | caption | bytes | all |"
        yield "|---|" + "---:|" * 7
    for r in counted:
        keys = ("foreground", "background", "side", "mask_bits", "text", "text_bytes", "total")
        yield f"| {r['size']} | " + " | ".join(f"{r[k]:.0f}" for k in keys) + " |"
    timed = [r for r in rows if r["experiment"] == "speed"]
    if timed:
        yield ""
        yield f"| {timed[0]['size']}, threads: {timed[0]['threads']} | | encode | decode |"
        yield "|---|---|---:|---:|"
    for r in timed:
        times = f"{r['encode_ms']:.0f} ms | {r['decode_ms']:.0f} ms"
        yield f"| {r['scheme']} | {r['precision']} | {times} |"


if __name__ == "__main__":
    main()
