"""What the burst waveform does with bursts, noise and time; detection beside GNU Radio's OFDM."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gensc.experiment.baselines import stock_ofdm
from gensc.experiment.rows import Row
from gensc.experiment.waveform.throughput import our_link, stock_link, stock_payload_symbols
from gensc_phy import Burst, BurstModulator, BurstReceiver, Header, Section, WaveformConfig
from gensc_phy.channel.impairments import Impairments, complex_noise, impair
from gensc_phy.waveform.burst import papr_db

Samples = NDArray[np.complex64]
#: Static taps with their deepest null inside the band, unit energy.
THREE_TAPS = tuple(np.array([0.8, 0.5j, -0.33]) / np.sqrt(0.8**2 + 0.5**2 + 0.33**2))
STOCK_THRESHOLDS = (0.9, 0.4)
STOCK_BYTES = 96
CFO_RANGE = 0.3  # subcarriers
CLASSES = 6  # groups of data carriers by |H|


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


def isolated_bursts(snr_db: float, kind: str, count: int, seed: int) -> Row:
    """Share of single bursts whose header is decoded: ours and the stock receiver's.

    Both see `count` frames through the same random channels, with the same Es/N0 per carrier.
    """

    def through(frame: Samples) -> Iterator[Samples]:
        """The frame through `count` channels, between stretches of noise."""
        rng = np.random.default_rng(seed)
        pad = np.zeros(160, np.complex64)
        for _ in range(count):
            channel = random_channel(rng, snr_db, kind)
            yield impair(np.concatenate([pad, frame, pad]), channel, rng)

    cfg = WaveformConfig()
    payload = complex_noise(4 * cfg.n_data, 1.0, np.random.default_rng(seed))
    burst = BurstModulator(cfg).modulate(header(len(payload)), payload)
    receiver, decoded = BurstReceiver(cfg), 0
    for samples in through(burst):
        decoded += sum(b.header == header(len(payload)) for b in receiver.push(samples))
    decoded += sum(b.header == header(len(payload)) for b in receiver.flush())
    stock = np.concatenate(list(through(stock_ofdm.frame(STOCK_BYTES))))
    return _detected(kind, snr_db, count, decoded, stock)


def bursts_without_gaps(count: int, seed: int) -> Row:
    """The same of one long stream with one CFO, phase and timing, at 20 dB."""
    rng, cfg = np.random.default_rng(seed), WaveformConfig()
    payload = complex_noise(4 * cfg.n_data, 1.0, rng)
    channel = random_channel(rng, 20.0, "awgn")
    modulator = BurstModulator(cfg)
    bursts = [modulator.modulate(header(len(payload), i), payload) for i in range(count)]
    stream = impair(np.concatenate([*bursts, np.zeros(200, np.complex64)]), channel, rng)
    got = _received(cfg, stream)
    frames = np.tile(stock_ofdm.frame(STOCK_BYTES), count)
    stock = impair(np.concatenate([frames, np.zeros(2000, np.complex64)]), channel, rng)
    decoded = len({b.header.image_id for b in got})
    return _detected("back to back", 20.0, count, decoded, stock)


def _detected(kind: str, snr_db: float, count: int, decoded: int, stock: Samples) -> Row:
    row: Row = {"what": "detection", "channel": kind, "snr_db": snr_db, "bursts": count}
    row["ours"] = decoded / count
    for threshold in STOCK_THRESHOLDS:
        row[f"stock_{threshold}"] = stock_ofdm.count_headers(stock, threshold) / count
    return row


def _received(cfg: WaveformConfig, samples: Samples) -> list[Burst]:
    receiver = BurstReceiver(cfg)
    return receiver.push(samples) + receiver.flush()


def noise_only(samples: int, seed: int) -> Row:
    """Bursts and preambles reported in complex Gaussian noise."""
    rng = np.random.default_rng(seed)
    receiver, bursts = BurstReceiver(), 0
    for at in range(0, samples, 1 << 20):
        bursts += len(receiver.push(complex_noise(min(1 << 20, samples - at), 1.0, rng)))
    bursts += len(receiver.flush())
    return {
        "what": "noise", "samples": samples, "false_bursts": bursts,
        "false_preambles": receiver.stats.detected,
    }  # fmt: skip


def received_bursts(
    cfg: WaveformConfig, payload: Samples, snr_db: float, kind: str, count: int, seed: int
) -> list[Burst]:
    """The same burst received `count` times, random phase, timing and CFO, 10 ppm clock offset."""
    rng = np.random.default_rng(seed)
    pad = np.zeros(120, np.complex64)
    burst = BurstModulator(cfg).modulate(header(len(payload)), payload)
    taps = THREE_TAPS if kind == "three-tap" else (1.0,)
    got: list[Burst] = []
    for _ in range(count):
        channel = replace(random_channel(rng, snr_db, "awgn", ppm=10.0), taps=taps)
        got += _received(cfg, impair(np.concatenate([pad, burst, pad]), channel, rng))
    return got


def evm(snr_db: float, kind: str, count: int, seed: int) -> Row:
    """EVM, SNR estimate and reported noise variance of an 80-symbol analog payload."""
    cfg = WaveformConfig()
    payload = complex_noise(cfg.max_payload, 1.0, np.random.default_rng(seed))
    taps = THREE_TAPS if kind == "three-tap" else (1.0,)
    h2 = np.abs(np.fft.fft(taps, cfg.fft_size)[cfg.carriers]) ** 2
    on_data = h2[cfg.data_positions]
    got = received_bursts(cfg, payload, snr_db, kind, count, seed)
    error = np.array([np.abs(b.symbols - payload) ** 2 for b in got])
    ratio = error / np.array([b.noise_var for b in got])
    per_carrier = ratio.reshape(-1, cfg.n_data).mean(axis=0)
    classes = np.array_split(np.argsort(on_data), CLASSES)
    by_class = np.array([per_carrier[c].mean() for c in classes])
    snr = np.array([b.snr_db for b in got])
    evm_db = 10 * np.log10(error.mean())
    bound_db = -snr_db + 10 * np.log10(np.mean(1 / on_data))
    return {
        "what": "evm", "channel": kind, "snr_db": snr_db, "bursts": len(got),
        "evm_db": float(evm_db), "bound_db": float(bound_db),
        "excess_db": float(evm_db - bound_db),
        "snr_bias_db": float(snr.mean() - snr_db - 10 * np.log10(h2.mean())),
        "snr_std_db": float(snr.std()),
        "noise_var_ratio_min": float(1 / by_class.max()),
        "noise_var_ratio_max": float(1 / by_class.min()),
        "cfo_std_subcarriers": float(np.std([b.cfo_hz for b in got])) / cfg.subcarrier_hz,
    }  # fmt: skip


def papr(clip_db: float | None, precode: bool, seed: int) -> Row:
    """PAPR of the payload, and what clipping costs in EVM at 25 dB."""
    cfg = WaveformConfig(clip_db=clip_db, precode=precode)
    payload = complex_noise(cfg.max_payload, 1.0, np.random.default_rng(seed))
    samples = BurstModulator(cfg).modulate(header(len(payload)), payload)
    got = received_bursts(cfg, payload, 25.0, "awgn", 6, seed)
    error = np.mean([np.mean(np.abs(b.symbols - payload) ** 2) for b in got])
    return {
        "what": "papr", "clip_db": clip_db, "precode": precode,
        "papr_db": papr_db(samples[cfg.preamble_len :]), "evm_at_25db": float(10 * np.log10(error)),
    }  # fmt: skip


def flowgraph_speed(bursts: int, rounds: int) -> Row:
    """Samples per second of our flowgraph and the stock one, in turn; medians over the rounds."""
    same = stock_payload_symbols()
    runs = np.array([
        (our_link(bursts), our_link(bursts * 80 // same, same), stock_link(bursts // 2))
        for _ in range(rounds)
    ])  # fmt: skip
    default, equal, stock = np.median(runs, axis=0) / 1e6
    return {
        "what": "flowgraph speed", "rounds": rounds, "stock_msps": float(stock),
        "ours_msps": float(default), "ratio": float(np.median(runs[:, 0] / runs[:, 2])),
        "ours_equal_length_msps": float(equal),
        "ratio_equal_length": float(np.median(runs[:, 1] / runs[:, 2])),
    }  # fmt: skip


def receiver_speed(bursts: int) -> Row:
    """Samples per second of `BurstReceiver` alone: busy air and pure noise, one thread."""
    cfg, rng = WaveformConfig(), np.random.default_rng(0)
    payload = complex_noise(cfg.max_payload, 1.0, rng)
    burst = BurstModulator(cfg).modulate(header(len(payload)), payload)
    busy = np.tile(np.concatenate([burst, np.zeros(cfg.gap, np.complex64)]), bursts)
    busy = impair(busy, Impairments(snr_db=20.0), rng)
    row: Row = {"what": "receiver speed"}
    for name, samples in (("busy", busy), ("noise", complex_noise(len(busy), 1.0, rng))):
        receiver, start = BurstReceiver(cfg), time.perf_counter()
        for at in range(0, len(samples), 1 << 15):
            receiver.push(samples[at : at + (1 << 15)])
        row[f"{name}_msps"] = len(samples) / (time.perf_counter() - start) / 1e6
    return row
