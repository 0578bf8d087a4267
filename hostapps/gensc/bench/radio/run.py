"""`gensc bench radio`: the receiver on real air, in one table."""

from __future__ import annotations

import math
import multiprocessing
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from gensc.bench.radio import load, stock
from gensc.bench.radio.cases import cases
from gensc.bench.radio.plot import plot
from gensc.experiment.base import BenchResult, Check, Table
from gensc.experiment.rows import Row
from gensc.experiment.tables import Listing, columns, listed
from gensc.experiment.waveform.hostile import Case, measure
from gensc.experiment.waveform.steady import noise_only
from gensc.system.progress import progress
from gensc_phy import WaveformConfig

check = partial(Check.worst, reference="radios")
#: bursts a case, samples of noise, bursts of a speed, seconds of the long run.
FULL, QUICK = (200, 30_000_000, 40, 600.0), (6, 1_000_000, 12, 2.0)
#: Parts that `only` may name beside cases.
LOAD, STREAM = "load", "stream"
#: Columns that a case may ask for: how they are said, and their unit.
ASKED = {
    "success_percent": ("bursts received", "%"),
    "next_percent": ("next burst received", "%"),
    "lost_before_percent": ("symbols given up before the drop", "%"),
    "loss_db": ("loss over the genie", "dB"),
}
TABLES = (
    Listing("Receiver alone, one thread",
            columns("air msps over_noise_alone headers_ok headers_bad", msps="Msps",
                    over_noise_alone="of noise alone", headers_ok="headers read",
                    headers_bad="not readable"), {"what": "speed"}),
    Listing("Air time at CBR 1/24",
            columns("image bursts samples of_80211a header_percent", of_80211a="of 802.11a",
                    header_percent="header %"), {"what": "air time"}),
)  # fmt: skip
CASES = columns(
    "group case success_percent stock_percent loss_db decoder_loss_db calibration_db "
    "worst_carrier_db called_good_percent next_percent", group="what", success_percent="received %",
    stock_percent="stock OFDM %", loss_db="loss over genie dB",
    decoder_loss_db="behind a decoder dB", calibration_db="variance off dB",
    worst_carrier_db="worst carrier dB", called_good_percent="called good %",
    next_percent="next burst %",
)  # fmt: skip


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
        title = "Bursts of 80 OFDM symbols; variance off: positive is overconfident"
        result.tables.append(Table(title, CASES, rows))
    if not only:
        result.figures = {"radio": plot(rows)}
    if long is not None:
        _add_stream(result, long.result())
    false = sum(r.get("false_images", 0) + r.get("false_bursts", 0) for r in result.rows)
    result.checks.append(check("false images, everywhere", [false], "", "<=", 0))
    return result


def _add_load(result: BenchResult, cfg: WaveformConfig, noise_samples: int, bursts: int) -> None:
    """Speed, air time and false images."""
    speeds = load.speeds(bursts, cfg)
    times = [load.air_time(side, cfg) for side in (256, 64)]
    result.rows += [*speeds, *times, noise_only(noise_samples, 4)]
    msps = [row["msps"] for row in speeds]
    framing = [times[0]["of_80211a"]]
    result.checks += [
        check("air time of 256x256 over 802.11a framing", framing, "x", "<=", 1.1),
        check("receiver, noise alone", msps[:1], "Msps", ">=", 10),
        check("receiver, bursts at 3 dB", msps[2:3], "Msps", ">=", 5),
        check("receiver, wrong headers", msps[3:4], "Msps", ">=", 5),
    ]
    result.tables += listed(TABLES, result.rows)


def _add_stream(result: BenchResult, long: Row) -> None:
    """The long run."""
    result.rows.append(long)
    out = long["received"] + long["lost_with_samples"] + long["lost_in_fades"]
    result.checks += [
        check("long run: images in less received and counted", [long["sent"] - out], "", "<=", 0),
        check("long run: images twice or false", [long["twice_or_false"]], "", "<=", 0),
        check("long run: growth of memory", [long["memory_growth_mib"]], "MiB", "<=", 8),
    ]
    names = {k: k.replace("_", " ") for k in long if k != "what"}
    result.tables.append(Table("Profile indoor-walk with lost samples, one stream", names, [long]))


def _asked(case: Case, row: Row) -> Iterable[Check]:
    """What a case has to reach."""
    for column, (words, unit) in ASKED.items():
        name = f"{case.group}, {case.name}: {words}"
        if column in case.least:
            yield check(name, [row[column]], unit, ">=", case.least[column])
        if column in case.most:
            yield Check(name, _number(row[column]), unit, "<=", case.most[column], "radios")


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _calibration(rows: Sequence[Row]) -> Iterable[Check]:
    """The reported variances in the case where they are furthest off, of all with a burst."""
    for column, words, target in (
        ("calibration_db", "reported variance off by", 1.0),
        ("worst_carrier_db", "the same, worst carrier", 3.0),
    ):
        known = [r for r in rows if not math.isnan(r[column])]
        if known:
            worst = max(known, key=lambda r: abs(r[column]))
            name = f"{words}, worst of all cases ({worst['group']}, {worst['case']})"
            yield check(name, [worst[column]], "dB", "<=", target)
