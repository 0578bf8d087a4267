"""Speed of the receiver on air it does not want to hear, air time, and a long run."""

from __future__ import annotations

import resource
import time
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc.experiment.waveform.steady import header
from gensc_phy import BurstModulator, BurstReceiver, WaveformConfig
from gensc_phy.channel.config import ChannelConfig
from gensc_phy.channel.hostile import HostileChannel
from gensc_phy.channel.impairments import complex_noise
from gensc_phy.channel.profiles import profile
from gensc_phy.waveform.config import header_symbols_for
from gensc_phy.waveform.fragment import fragment_edges

_PIECE = 1 << 15
#: Samples of an 802.11a frame before its data: short and long training, SIGNAL.
_WIFI_PREAMBLE, _WIFI_SYMBOL, _WIFI_DATA = 400, 80, 48
#: Mean seconds between two losses of samples in the long run.
DROP_INTERVAL_S = 4.0
#: An image of one burst is sent in the long run every so often.
IMAGE_EVERY_S = 0.025
#: Es/N0 of a burst in a fade that no header is readable at.
FADED_DB = 0.0
#: Times that each air is gone through: the fastest counts, for others only make it slower.
_REPEATS = 5


def speeds(bursts: int, cfg: WaveformConfig) -> list[dict[str, Any]]:
    """Million samples per second of processor time of one receiver on different air."""
    rng = np.random.default_rng(0)
    payload = complex_noise(cfg.max_payload, 1.0, rng)
    burst = BurstModulator(cfg).modulate(header(len(payload)), payload)
    gap = np.zeros(cfg.gap, np.complex64)
    # The preamble and training of a burst, and then somebody else's signal.
    known = cfg.preamble_len + cfg.ce_symbols * cfg.symbol_len
    foreign = np.concatenate([burst[:known], complex_noise(len(burst) - known, 1.0, rng)])
    busy, wrong = (np.tile(np.concatenate([b, gap]), bursts) for b in (burst, foreign))
    beyond = 0.45 * cfg.sample_rate
    air = {
        "noise alone": (np.zeros_like(busy), ChannelConfig(snr_db=0.0)),
        "bursts, 20 dB": (busy, ChannelConfig(snr_db=20.0)),
        "bursts, 3 dB": (busy, ChannelConfig(snr_db=3.0)),
        "preambles with wrong headers, 20 dB": (wrong, ChannelConfig(snr_db=20.0)),
        "bursts beyond the offset range": (busy, ChannelConfig(snr_db=20.0, cfo_hz=beyond)),
    }
    rows: list[dict[str, Any]] = []
    for name, (samples, channel) in air.items():
        heard = HostileChannel(channel, 1).process(samples)
        seconds = np.inf
        for _ in range(_REPEATS):
            receiver, start = BurstReceiver(cfg), time.process_time()
            for at in range(0, len(heard), _PIECE):
                receiver.push(heard[at : at + _PIECE])
            seconds = min(seconds, time.process_time() - start)
        rows.append(
            {
                "what": "speed", "air": name, "msps": len(heard) / seconds / 1e6,
                "headers_ok": receiver.stats.headers_ok, "headers_bad": receiver.stats.headers_bad,
            }
        )  # fmt: skip
    for row in rows:
        row["over_noise_alone"] = row["msps"] / rows[0]["msps"]
    return rows


def air_time(side: int, cfg: WaveformConfig) -> dict[str, Any]:
    """Samples of a square image at CBR 1/24, beside 802.11a framing in as many frames as bursts.

    The header is the one for an Es/N0 known to be 10 dB.
    """
    cfg = replace(cfg, header_symbols=header_symbols_for(10.0))
    symbols = side * side * 3 // 24
    count = -(-symbols // cfg.max_payload)
    ours = sum(cfg.burst_len(int(n)) for n in np.diff(fragment_edges(symbols, count)))
    wifi = count * _WIFI_PREAMBLE + -(-symbols // _WIFI_DATA) * _WIFI_SYMBOL
    return {
        "what": "air time", "image": f"{side}x{side}", "bursts": count, "samples": ours,
        "of_80211a": ours / wifi,
        "header_percent": 100 * count * cfg.header_symbols * cfg.symbol_len / ours,
    }  # fmt: skip


def _rss_mib() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def stream(seconds: float, cfg: WaveformConfig) -> dict[str, Any]:
    """Forty images a second through `indoor-walk`, with samples lost every few seconds.

    Every burst is an image of its own. One that does not come out must have lost samples or be in
    a fade, and memory must not grow from the second fifth of the run on.
    """
    channel = profile("indoor-walk", cfg.sample_rate, 20.0)
    channel = replace(channel, drop_interval_s=min(DROP_INTERVAL_S, seconds / 4))
    air, receiver, modulator = HostileChannel(channel, 1), BurstReceiver(cfg), BurstModulator(cfg)
    payload = complex_noise(cfg.max_payload, 1.0, np.random.default_rng(0))
    length = cfg.burst_len(len(payload))
    gap = np.zeros(round(IMAGE_EVERY_S * cfg.sample_rate) - length, np.complex64)
    total = round(seconds / IMAGE_EVERY_S)
    received = damaged = wrong = dropped = faded = unexplained = 0
    begun = _rss_mib()
    # Image number -> whether its burst lost samples, and its Es/N0 in dB.
    waiting: dict[int, tuple[bool, float]] = {}

    def take(samples: NDArray[np.complex64], *, last: bool = False) -> None:
        nonlocal received, damaged, wrong
        for burst in receiver.push(samples) + (receiver.flush() if last else []):
            number = burst.header.image_id
            mine = burst.header == header(len(payload), number)
            known = waiting.pop(number, None) if mine else None
            received += known is not None
            wrong += known is None
            damaged += not np.isfinite(burst.noise_var).all()

    def close(number: int) -> None:
        nonlocal dropped, faded, unexplained
        lost_samples, snr_db = waiting.pop(number, (None, 0.0))
        if lost_samples is not None:
            dropped += lost_samples
            faded += not lost_samples and snr_db < FADED_DB
            unexplained += not lost_samples and snr_db >= FADED_DB

    for number in range(total):
        if number == total // 5:
            begun = _rss_mib()
        image, drops = number & 0xFFFF, air.drops
        burst = modulator.modulate(header(len(payload), image), payload)
        heard = air.process(np.concatenate([burst, gap]))
        noise = 10 ** (-(channel.snr_db or 0.0) / 10)
        power = float(np.mean(np.abs(heard[:length]) ** 2)) - noise
        waiting[image] = (air.drops > drops, 10 * np.log10(max(power, 1e-9) / noise))
        take(heard)
        close((number - 100) & 0xFFFF)
    take(air.process(np.zeros(2000, np.complex64)), last=True)
    for image in list(waiting):
        close(image)
    stats = receiver.stats
    return {
        "what": "stream", "seconds": total * IMAGE_EVERY_S,
        "drops": air.drops, "samples_dropped": air.dropped, "sent": total, "received": received,
        "received_with_erasures": damaged, "slips": stats.slips, "bad_headers": stats.headers_bad,
        "lost_with_samples": dropped, "lost_in_fades": faded, "unexplained": unexplained,
        "twice_or_false": wrong, "memory_growth_mib": _rss_mib() - begun,
    }  # fmt: skip
