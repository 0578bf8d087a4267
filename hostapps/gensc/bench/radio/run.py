"""`gensc bench radio`: the receiver on real air, in one table."""

from __future__ import annotations

import math
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Literal

from gensc.bench.link.measure import noise_only
from gensc.bench.radio import load, stock
from gensc.bench.radio.cases import Case, cases
from gensc.bench.radio.measure import measure
from gensc.bench.radio.plot import plot
from gensc.experiment.base import BenchResult, Check, Table
from gensc.system.progress import progress
from gensc_phy import WaveformConfig

REFERENCE = "radios"
#: bursts a case, samples of noise, bursts of a speed, seconds of the long run.
FULL, QUICK = (200, 30_000_000, 40, 600.0), (6, 1_000_000, 12, 2.0)
#: Parts that `only` may name beside cases.
LOAD, STREAM = "load", "stream"
#: column -> (words, unit)
_COLUMNS = {
    "success_percent": ("bursts received", "%"),
    "next_percent": ("next burst received", "%"),
    "lost_before_percent": ("symbols given up before the drop", "%"),
    "loss_db": ("loss over the genie", "dB"),
}


def run(quick: bool, only: str = "") -> BenchResult:
    """Measure every case whose group or name contains `only`; see the tables it returns.

    Args:
        only: or "load" or "stream": speed, air time and false images alone, or the long run.
    """
    count, noise_samples, bursts, seconds = QUICK if quick else FULL
    cfg = WaveformConfig()
    alone = only in (LOAD, STREAM)
    chosen = [c for c in cases(cfg) if not alone and only.lower() in f"{c.group} {c.name}".lower()]
    result = BenchResult(
        "radio",
        settings={"waveform": repr(cfg), "bursts": count, "stock_threshold": stock.THRESHOLD},
    )
    if only in ("", LOAD):
        _add_load(result, cfg, noise_samples, bursts)
    # In a process of its own: the memory looked at is the receiver's, and two cores are used.
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    long = pool.submit(load.stream, seconds, cfg) if only in ("", STREAM) else None
    rows = []
    with pool, progress("radio", len(chosen)) as reporter:
        for case in chosen:
            row = measure(case, count, cfg)
            row["stock_percent"] = stock.success_percent(case, count)
            rows.append(row)
            reporter.step(f"{case.group}: {case.name}")
    result.checks += [c for case, row in zip(chosen, rows, strict=True) for c in _asked(case, row)]
    result.checks += _calibration(rows)
    result.rows += rows
    if rows:
        result.tables.append(_table(rows))
    if not only:
        result.figures = {"radio": plot(rows)}
    if long is not None:
        _add_stream(result, long.result())
    false = sum(r.get("false_images", 0) + r.get("false_bursts", 0) for r in result.rows)
    result.checks.append(_check("false images, everywhere", false, "", "<=", 0))
    return result


def _add_load(result: BenchResult, cfg: WaveformConfig, noise_samples: int, bursts: int) -> None:
    """Speed, air time and false images."""
    speeds = load.speeds(bursts, cfg)
    times = [load.air_time(side, cfg) for side in (256, 64)]
    result.rows += [*speeds, *times, noise_only(noise_samples, 4)]
    result.checks += [
        _check("air time of 256x256 over 802.11a framing", times[0]["of_80211a"], "x", "<=", 1.1),
        _check("receiver, noise alone", speeds[0]["msps"], "Msps", ">=", 10),
        _check("receiver, bursts at 3 dB", speeds[2]["msps"], "Msps", ">=", 5),
        _check("receiver, wrong headers", speeds[3]["msps"], "Msps", ">=", 5),
    ]
    result.tables += [
        Table("Receiver alone, one thread", {
            "air": "air", "msps": "Msps", "over_noise_alone": "of noise alone",
            "headers_ok": "headers read", "headers_bad": "not readable",
        }, speeds),
        Table("Air time at CBR 1/24", {
            "image": "image", "bursts": "bursts", "samples": "samples", "of_80211a": "of 802.11a",
            "header_percent": "header %",
        }, times),
    ]  # fmt: skip


def _add_stream(result: BenchResult, long: dict[str, Any]) -> None:
    """The long run."""
    result.rows.append(long)
    out = long["received"] + long["lost_with_samples"] + long["lost_in_fades"]
    result.checks += [
        _check("long run: images in less received and counted", long["sent"] - out, "", "<=", 0),
        _check("long run: images twice or false", long["twice_or_false"], "", "<=", 0),
        _check("long run: growth of memory", long["memory_growth_mib"], "MiB", "<=", 8),
    ]
    names = {k: k.replace("_", " ") for k in long if k != "what"}
    result.tables.append(Table("Profile indoor-walk with lost samples, one stream", names, [long]))


def _check(name: str, value: float, unit: str, op: Literal[">=", "<="], target: float) -> Check:
    return Check(name, float(value), unit, op, target, REFERENCE)


def _asked(case: Case, row: dict[str, Any]) -> list[Check]:
    """What a case has to reach."""
    ops: tuple[tuple[dict[str, float], Literal[">=", "<="]], ...]
    ops = ((case.least, ">="), (case.most, "<="))
    return [
        _check(
            f"{case.group}, {case.name}: {words}", _number(row[column]), unit, op, targets[column]
        )
        for targets, op in ops
        for column, (words, unit) in _COLUMNS.items()
        if column in targets
    ]


def _calibration(rows: list[dict[str, Any]]) -> list[Check]:
    """The reported variances in the case where they are furthest off, of all with a burst."""
    checks = []
    for column, words, target in (
        ("calibration_db", "reported variance off by", 1.0),
        ("worst_carrier_db", "the same, worst carrier", 3.0),
    ):
        known = [r for r in rows if not math.isnan(r[column])]
        if known:
            worst = max(known, key=lambda r: abs(r[column]))
            name = f"{words}, worst of all cases ({worst['group']}, {worst['case']})"
            checks.append(_check(name, abs(worst[column]), "dB", "<=", target))
    return checks


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _table(rows: list[dict[str, Any]]) -> Table:
    return Table(
        "Bursts of 80 OFDM symbols; variance off: positive is overconfident",
        {
            "group": "what", "case": "case", "success_percent": "received %",
            "stock_percent": "stock OFDM %", "loss_db": "loss over genie dB",
            "decoder_loss_db": "behind a decoder dB", "calibration_db": "variance off dB",
            "worst_carrier_db": "worst carrier dB", "called_good_percent": "called good %",
            "next_percent": "next burst %",
        },
        rows,
    )  # fmt: skip
