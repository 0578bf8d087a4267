"""`gensc bench link`: the burst waveform against its bounds and against GNU Radio's stock OFDM."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc.experiment.base import BenchResult, Check, Table
from gensc.figures import plots
from gensc_phy import Burst, BurstModulator, BurstReceiver, Header, Section, WaveformConfig
from gensc_phy.channel.impairments import Impairments, complex_noise, impair
from gensc_phy.waveform.burst import papr_db

REFERENCE = "issue: the link"
#: A static three-tap channel with its deepest null inside the band, unit energy.
THREE_TAPS = tuple(np.array([0.8, 0.5j, -0.33]) / np.sqrt(0.8**2 + 0.5**2 + 0.33**2))
STOCK_THRESHOLDS = (0.9, 0.4)
CFO_RANGE = 0.3  # subcarriers
CLASSES = 6  # groups of data carriers by |H|


@dataclass(frozen=True)
class Size:
    """How much work a run does."""

    bursts: int
    curve_bursts: int
    evm_bursts: int
    noise_samples: int
    stream_bursts: int
    rounds: int


FULL = Size(1000, 200, 60, 100_000_000, 300, 5)
QUICK = Size(60, 20, 8, 3_000_000, 60, 1)


def header(length: int, image_id: int = 1) -> Header:
    """Header of a one-burst analog section."""
    return Header(0, image_id, 1, Section.ANALOG, 0, 0, 1, 32, 256, 256, length)


def random_channel(
    rng: np.random.Generator, snr_db: float, kind: str, ppm: float = 0.0
) -> Impairments:
    """A channel with random start phase, timing and CFO; `three-tap` turns its taps' phases too."""
    taps: tuple[complex, ...] = (1.0,)
    if kind == "three-tap":
        taps = tuple(np.abs(THREE_TAPS) * np.exp(2j * np.pi * rng.random(3)))
    return Impairments(
        snr_db=snr_db,
        cfo=float(rng.uniform(-CFO_RANGE, CFO_RANGE)) / 64,
        phase=float(rng.uniform(0, 2 * np.pi)),
        sampling_offset_ppm=ppm,
        delay=float(rng.uniform(0, 80)),
        taps=taps,
    )


# ---------------------------------------------------------------------- detection


def detection_point(snr_db: float, kind: str, count: int, seed: int) -> dict[str, Any]:
    """Share of single bursts whose header is decoded: ours and the stock receiver's.

    Both see `count` frames through the same random channels, with the same Es/N0 per carrier.
    """
    from gensc.bench.link import stock_ofdm

    cfg = WaveformConfig()
    payload = complex_noise(4 * cfg.n_data, 1.0, np.random.default_rng(seed))
    ours = BurstModulator(cfg).modulate(header(len(payload)), payload)
    row: dict[str, Any] = {"what": "detection", "channel": kind, "snr_db": snr_db, "bursts": count}
    receiver, decoded = BurstReceiver(cfg), 0
    for samples in _isolated(ours, snr_db, kind, count, seed):
        decoded += sum(b.header == header(len(payload)) for b in receiver.push(samples))
    decoded += sum(b.header == header(len(payload)) for b in receiver.flush())
    row["ours"] = decoded / count
    stock = stock_ofdm.frame(96)
    recording = np.concatenate(list(_isolated(stock, snr_db, kind, count, seed)))
    for threshold in STOCK_THRESHOLDS:
        row[f"stock_{threshold}"] = stock_ofdm.count_headers(recording, threshold) / count
    return row


def _isolated(
    frame: NDArray[np.complex64], snr_db: float, kind: str, count: int, seed: int
) -> Iterator[NDArray[np.complex64]]:
    """The frame `count` times, each through its own channel, between stretches of noise."""
    rng = np.random.default_rng(seed)
    pad = np.zeros(160, np.complex64)
    for _ in range(count):
        channel = random_channel(rng, snr_db, kind)
        yield impair(np.concatenate([pad, frame, pad]), channel, rng)


def back_to_back(count: int, seed: int) -> dict[str, Any]:
    """Bursts without any gap at 20 dB: one long stream with one CFO, phase and timing."""
    from gensc.bench.link import stock_ofdm

    rng = np.random.default_rng(seed)
    cfg = WaveformConfig()
    payload = complex_noise(4 * cfg.n_data, 1.0, rng)
    channel = replace(random_channel(rng, 20.0, "awgn"), sampling_offset_ppm=0.0)
    modulator = BurstModulator(cfg)
    burst = [modulator.modulate(header(len(payload), i), payload) for i in range(count)]
    stream = impair(np.concatenate([*burst, np.zeros(200, np.complex64)]), channel, rng)
    receiver = BurstReceiver(cfg)
    got = receiver.push(stream) + receiver.flush()
    row: dict[str, Any] = {
        "what": "detection", "channel": "back to back", "snr_db": 20.0, "bursts": count,
        "ours": len({b.header.image_id for b in got}) / count,
    }  # fmt: skip
    stock = np.tile(stock_ofdm.frame(96), count)
    stock = impair(np.concatenate([stock, np.zeros(2000, np.complex64)]), channel, rng)
    for threshold in STOCK_THRESHOLDS:
        row[f"stock_{threshold}"] = stock_ofdm.count_headers(stock, threshold) / count
    return row


def noise_only(samples: int, seed: int) -> dict[str, Any]:
    """Bursts and preambles reported in complex Gaussian noise."""
    rng = np.random.default_rng(seed)
    receiver, bursts, at = BurstReceiver(), 0, 0
    while at < samples:
        n = min(1 << 20, samples - at)
        bursts += len(receiver.push(complex_noise(n, 1.0, rng)))
        at += n
    bursts += len(receiver.flush())
    return {
        "what": "noise", "samples": samples, "false_bursts": bursts,
        "false_preambles": receiver.stats.detected,
    }  # fmt: skip


# ---------------------------------------------------------------------- symbols


def received_bursts(
    cfg: WaveformConfig,
    payload: NDArray[np.complex64],
    snr_db: float,
    taps: tuple[complex, ...],
    count: int,
    seed: int,
) -> list[Burst]:
    """The same burst received `count` times, random phase, timing and CFO, 10 ppm clock offset."""
    rng = np.random.default_rng(seed)
    pad = np.zeros(120, np.complex64)
    frame = BurstModulator(cfg).modulate(header(len(payload)), payload)
    samples = np.concatenate([pad, frame, pad])
    got: list[Burst] = []
    for _ in range(count):
        channel = replace(random_channel(rng, snr_db, "awgn", ppm=10.0), taps=taps)
        receiver = BurstReceiver(cfg)
        got += receiver.push(impair(samples, channel, rng)) + receiver.flush()
    return got


def evm_point(snr_db: float, kind: str, count: int, seed: int) -> dict[str, Any]:
    """EVM, SNR estimate and reported noise variance of an 80-symbol analog payload."""
    cfg = WaveformConfig()
    taps = THREE_TAPS if kind == "three-tap" else (1.0,)
    payload = complex_noise(cfg.max_payload, 1.0, np.random.default_rng(seed))
    h2 = np.abs(np.fft.fft(taps, cfg.fft_size)[cfg.carriers]) ** 2
    on_data = h2[cfg.data_positions]
    got = received_bursts(cfg, payload, snr_db, taps, count, seed)
    error = np.array([np.abs(b.symbols - payload) ** 2 for b in got])
    ratio = error / np.array([b.noise_var for b in got])
    per_carrier = ratio.reshape(-1, cfg.n_data).mean(axis=0)
    classes = np.array_split(np.argsort(on_data), CLASSES)
    by_class = np.array([per_carrier[c].mean() for c in classes])
    snr = np.array([b.snr_db for b in got])
    evm = 10 * np.log10(error.mean())
    bound = -snr_db + 10 * np.log10(np.mean(1 / on_data))
    return {
        "what": "evm", "channel": kind, "snr_db": snr_db, "bursts": len(got),
        "evm_db": float(evm), "bound_db": float(bound), "excess_db": float(evm - bound),
        "snr_bias_db": float(snr.mean() - snr_db - 10 * np.log10(h2.mean())),
        "snr_std_db": float(snr.std()),
        "noise_var_ratio_min": float(1 / by_class.max()),
        "noise_var_ratio_max": float(1 / by_class.min()),
        "cfo_std_subcarriers": float(np.std([b.cfo_hz for b in got])) / cfg.subcarrier_hz,
    }  # fmt: skip


def papr_point(clip_db: float | None, precode: bool, seed: int) -> dict[str, Any]:
    """PAPR of the payload, and what clipping costs in EVM at 25 dB."""
    cfg = WaveformConfig(clip_db=clip_db, precode=precode)
    payload = complex_noise(cfg.max_payload, 1.0, np.random.default_rng(seed))
    samples = BurstModulator(cfg).modulate(header(len(payload)), payload)
    got = received_bursts(cfg, payload, 25.0, (1.0,), 6, seed)
    evm = np.mean([np.mean(np.abs(b.symbols - payload) ** 2) for b in got])
    return {
        "what": "papr", "clip_db": clip_db, "precode": precode,
        "papr_db": papr_db(samples[cfg.preamble_len :]), "evm_at_25db": float(10 * np.log10(evm)),
    }  # fmt: skip


# ---------------------------------------------------------------------- speed


def flowgraph_speed(bursts: int, rounds: int) -> dict[str, Any]:
    """Samples per second of our flowgraph and the stock one, in turn; medians over the rounds."""
    from gensc.bench.link.throughput import our_link, stock_link, stock_payload_symbols

    same = stock_payload_symbols()
    runs = np.array(
        [
            (our_link(bursts), our_link(bursts * 80 // same, same), stock_link(bursts // 2))
            for _ in range(rounds)
        ]
    )
    default, equal, stock = np.median(runs, axis=0) / 1e6
    return {
        "what": "flowgraph speed", "rounds": rounds, "stock_msps": float(stock),
        "ours_msps": float(default), "ratio": float(np.median(runs[:, 0] / runs[:, 2])),
        "ours_equal_length_msps": float(equal),
        "ratio_equal_length": float(np.median(runs[:, 1] / runs[:, 2])),
    }  # fmt: skip


def receiver_speed(bursts: int) -> dict[str, Any]:
    """Samples per second of `BurstReceiver` alone: busy air and pure noise, one thread."""
    cfg, rng = WaveformConfig(), np.random.default_rng(0)
    payload = complex_noise(cfg.max_payload, 1.0, rng)
    burst = BurstModulator(cfg).modulate(header(len(payload)), payload)
    busy = np.tile(np.concatenate([burst, np.zeros(cfg.gap, np.complex64)]), bursts)
    busy = impair(busy, Impairments(snr_db=20.0), rng)
    noise = complex_noise(len(busy), 1.0, rng)
    row: dict[str, Any] = {"what": "receiver speed"}
    for name, samples in (("busy", busy), ("noise", noise)):
        receiver, start = BurstReceiver(cfg), time.perf_counter()
        for at in range(0, len(samples), 1 << 15):
            receiver.push(samples[at : at + (1 << 15)])
        row[f"{name}_msps"] = len(samples) / (time.perf_counter() - start) / 1e6
    return row


# ---------------------------------------------------------------------- the whole


def run(quick: bool) -> BenchResult:
    """Run every part; see the tables and checks it returns."""
    size = QUICK if quick else FULL
    result = BenchResult("link", settings={"waveform": repr(WaveformConfig()), **vars(size)})
    # Speed first: what is measured later does not mind if the machine gets busy.
    speed = flowgraph_speed(size.stream_bursts, size.rounds)
    alone = receiver_speed(size.stream_bursts)
    detection = [
        detection_point(snr, kind, size.curve_bursts, 10 + i)
        for kind in ("awgn", "three-tap")
        for i, snr in enumerate((-5.0, -4.0, -3.0, -2.0, 0.0, 5.0, 7.0, 12.0, 15.0, 20.0))
    ]
    asked = [
        detection_point(3.0, "awgn", size.bursts, 1),
        detection_point(10.0, "three-tap", size.bursts, 2),
        back_to_back(size.bursts, 3),
    ]
    noise = noise_only(size.noise_samples, 4)
    evm = [
        evm_point(float(snr), kind, size.evm_bursts, 20 + snr)
        for kind in ("awgn", "three-tap")
        for snr in (0, 5, 10, 15, 20, 25)
    ]
    clipped = ((None, False), (8.0, False), (6.0, False), (None, True))
    papr = [papr_point(limit_db, precode, 7) for limit_db, precode in clipped]
    result.rows = [*asked, *detection, noise, *evm, *papr, speed, alone]
    result.checks = _checks(asked, noise, evm, speed)
    result.tables = _tables(asked, detection, noise, evm, papr, speed, alone)
    result.figures = {"detection": _plot_detection(asked + detection), "evm": _plot_evm(evm)}
    return result


def _checks(
    asked: list[dict[str, Any]],
    noise: dict[str, Any],
    evm: list[dict[str, Any]],
    speed: dict[str, Any],
) -> list[Check]:
    from5 = [r for r in evm if r["snr_db"] >= 5]
    awgn = [r for r in evm if r["channel"] == "awgn"]
    taps = [r for r in evm if r["channel"] == "three-tap"]

    def worst(rows: list[dict[str, Any]], key: str) -> float:
        return max(abs(r[key]) for r in rows)

    def check(name: str, value: float, unit: str, op: Any, target: float) -> Check:
        return Check(name, float(value), unit, op, target, REFERENCE)

    percent = [100 * r["ours"] for r in asked]
    return [
        check("detected and decoded, AWGN 3 dB", percent[0], "%", ">=", 99),
        check("detected and decoded, 3 taps 10 dB", percent[1], "%", ">=", 99),
        check("detected and decoded, back to back 20 dB", percent[2], "%", ">=", 100),
        check("images in noise alone", noise["false_bursts"], "", "<=", 0),
        check(
            "EVM over its bound, AWGN 5-25 dB",
            worst([r for r in from5 if r["channel"] == "awgn"], "excess_db"),
            "dB",
            "<=",
            1,
        ),
        check(
            "EVM over its bound, 3 taps 5-25 dB",
            worst([r for r in from5 if r["channel"] == "three-tap"], "excess_db"),
            "dB",
            "<=",
            1,
        ),
        check("SNR estimate bias, AWGN 0-25 dB", worst(awgn, "snr_bias_db"), "dB", "<=", 0.3),
        check("SNR estimate deviation, AWGN 0-25 dB", worst(awgn, "snr_std_db"), "dB", "<=", 0.5),
        check(
            "noise variance, worst class of carriers, 3 taps",
            100
            * max(max(r["noise_var_ratio_max"] - 1, 1 - r["noise_var_ratio_min"]) for r in taps),
            "%",
            "<=",
            10,
        ),
        check("flowgraph speed over stock OFDM, default bursts", speed["ratio"], "x", ">=", 1.0),
        check(
            "flowgraph speed over stock OFDM, equal length",
            speed["ratio_equal_length"],
            "x",
            ">=",
            1.0,
        ),
    ]


def _tables(
    asked: list[dict[str, Any]],
    detection: list[dict[str, Any]],
    noise: dict[str, Any],
    evm: list[dict[str, Any]],
    papr: list[dict[str, Any]],
    speed: dict[str, Any],
    alone: dict[str, Any],
) -> list[Table]:
    stock = {f"stock_{t}": f"stock, threshold {t}" for t in STOCK_THRESHOLDS}
    return [
        Table(
            "Detected with a good header, share of bursts",
            {"channel": "channel", "snr_db": "Es/N0 dB", "bursts": "bursts", "ours": "ours"}
            | stock,
            asked + detection,
            3,
        ),
        Table(
            "Noise alone",
            {k: k.replace("_", " ") for k in ("samples", "false_preambles", "false_bursts")},
            [noise],
        ),
        Table(
            "80-symbol analog payload, CFO within 0.3 subcarrier, 10 ppm clock offset",
            {
                "channel": "channel", "snr_db": "Es/N0 dB", "evm_db": "EVM dB",
                "bound_db": "bound dB", "snr_bias_db": "SNR bias dB", "snr_std_db": "SNR std dB",
                "noise_var_ratio_min": "noise var min", "noise_var_ratio_max": "max",
            },
            evm,
        ),
        Table(
            "Peak to average",
            {
                "clip_db": "clip dB", "precode": "precoded", "papr_db": "PAPR dB",
                "evm_at_25db": "EVM dB at 25 dB",
            },
            papr,
        ),
        Table(
            "TX + channel + RX in one flowgraph, 20 dB",
            {
                "stock_msps": "stock Msps",
                "ours_msps": "ours Msps",
                "ratio": "ours / stock",
                "ours_equal_length_msps": "ours, bursts as long as the packets",
                "ratio_equal_length": "ratio",
            },
            [speed],
        ),
        Table(
            "Receiver alone, one thread",
            {"busy_msps": "busy air Msps", "noise_msps": "noise Msps"},
            [alone],
        ),
    ]  # fmt: skip


def _plot_detection(rows: list[dict[str, Any]]) -> Any:
    fig, axes = plots.figure(2, width=5.2, share_y=True)
    series = {"ours": "gr-gensc"} | {
        f"stock_{t}": f"GNU Radio OFDM, threshold {t}" for t in STOCK_THRESHOLDS
    }
    for ax, kind in zip(axes, ("awgn", "three-tap"), strict=True):
        points = sorted((r for r in rows if r["channel"] == kind), key=lambda r: r["snr_db"])
        for i, (key, label) in enumerate(series.items()):
            ax.plot(
                [r["snr_db"] for r in points],
                [100 * r[key] for r in points],
                color=plots.COLOURS[i],
                marker=plots.MARKERS[i],
                markersize=5,
                label=label,
            )
        ax.set_title("AWGN" if kind == "awgn" else "three taps, random phases")
        ax.set_xlabel("Es/N0 [dB]")
    axes[0].set_ylabel("bursts detected with a good header [%]")
    axes[1].legend(frameon=False, loc="center right", bbox_to_anchor=(1.0, 0.6))
    return fig


def _plot_evm(rows: list[dict[str, Any]]) -> Any:
    fig, axes = plots.figure(1)
    for i, kind in enumerate(("awgn", "three-tap")):
        points = [r for r in rows if r["channel"] == kind]
        snr = [r["snr_db"] for r in points]
        name = "AWGN" if kind == "awgn" else "three taps"
        axes[0].plot(
            snr,
            [r["evm_db"] for r in points],
            color=plots.COLOURS[i],
            marker=plots.MARKERS[i],
            linestyle="none",
            label=f"{name}, measured",
        )
        axes[0].plot(
            snr,
            [r["bound_db"] for r in points],
            color=plots.COLOURS[i],
            label=f"{name}, bound (channel known)",
        )
    axes[0].set_xlabel("Es/N0 [dB]")
    axes[0].set_ylabel("EVM of the payload [dB]")
    axes[0].legend(frameon=False)
    return fig
