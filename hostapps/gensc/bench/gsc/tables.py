"""The tables `gensc bench gsc` prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gensc.bench.gsc import complexity, flowgraph, mu
from gensc.bench.gsc.points import Points
from gensc.bench.gsc.schemes import ORDER
from gensc.experiment.base import Table

CHANNELS = {"awgn": "AWGN", "rayleigh": "block Rayleigh"}


def all_tables(points: Points, rows: list[dict[str, Any]], source: str) -> Iterable[Table]:
    """One per channel, bandwidth ratio and metric, then users, flowgraph and complexities."""
    for experiment, name in (("cifar", source), ("photos", "photos")):
        places = dict.fromkeys((p.channel, p.rate) for p in points.of(experiment))
        for channel, rate in places:
            for metric, unit in (("psnr", "PSNR in dB"), ("ms_ssim", "MS-SSIM")):
                title = f"{unit}, {name}, {CHANNELS[channel]}, CBR 1/{768 // rate}"
                digits = 2 if metric == "psnr" else 4
                yield _quality(points, experiment, channel, rate, metric, title, digits)
    if points.of(mu.EXPERIMENT):
        yield _users(points)
    found = [r for r in rows if r["experiment"] in (flowgraph.EXPERIMENT, flowgraph.MU_EXPERIMENT)]
    if found:
        yield Table(
            "PSNR in dB through GNU Radio beside torch at the SNR measured",
            {
                "experiment": "",
                "scheme": "scheme",
                "channel": "channel",
                "separation": "separation",
                "snr_db": "Es/N0 dB",
                "snr_measured_db": "measured",
                "psnr": "GNU Radio",
                "psnr_torch": "torch",
                "difference": "difference",
                "images": "images",
                "lost": "lost",
            },
            found,
        )
    found = [r for r in rows if r["experiment"] == complexity.EXPERIMENT]
    if found:
        yield Table(
            "Complexity of an image",
            {
                "scheme": "scheme",
                "size": "size",
                "part": "part",
                "users": "users",
                "way": "served",
                "parameters": "parameters",
                "macs": "MACs",
                "ms": "ms an image",
            },
            found,
        )


def _quality(
    points: Points,
    experiment: str,
    channel: str,
    rate: int,
    metric: str,
    title: str,
    digits: int,
) -> Table:
    """One row per SNR, one column per scheme."""
    columns = {"snr": "Es/N0 dB"}
    rows: dict[float, dict[str, Any]] = {}
    for scheme in ORDER:
        for p in points.of(experiment, scheme=scheme, channel=channel, rate=rate):
            columns[scheme] = scheme
            row = rows.setdefault(p.snr_db, {"snr": f"{p.snr_db:g}"})
            row[scheme] = p.as_row()[metric]
            if p.mcs is not None and metric == "psnr":
                columns[f"{scheme} lost"] = "lost"
                row[f"{scheme} lost"] = f"{p.failed}/{len(p.mse)}"
    return Table(title, columns, list(rows.values()), digits)


def _users(points: Points) -> Table:
    """One row per scheme, separation and SNR, one column per user."""
    columns = {"scheme": "scheme", "channel": "channel", "separation": "separation"}
    columns |= {"snr": "Es/N0 dB"} | {f"user{k}": f"user {k}" for k in range(mu.USERS)}
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for p in points.of(mu.EXPERIMENT):
        key = (p.scheme, p.channel, p.separation, p.snr_db)
        labels = dict(zip(("scheme", "channel", "separation", "snr"), key, strict=True))
        row = rows.setdefault(key, labels | {"snr": f"{p.snr_db:g}"})
        row[f"user{p.user}"] = p.psnr
    ordered = [rows[key] for key in sorted(rows)]
    return Table("PSNR in dB of every user, 3 users, 3 antennas, torch", columns, ordered)
