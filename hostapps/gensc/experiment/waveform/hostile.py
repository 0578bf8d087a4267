"""Bursts through a case: how many arrive, how good they are, and what the receiver says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc.experiment.waveform.steady import header
from gensc_phy import Burst, BurstModulator, BurstReceiver, Header, WaveformConfig
from gensc_phy.channel.config import ChannelConfig
from gensc_phy.channel.hostile import HostileChannel
from gensc_phy.channel.impairments import complex_noise
from gensc_phy.waveform.genie import Layout, bound, layout

#: Silence before the first burst, between two, and behind the last one.
_LEAD, _BETWEEN, _TAIL = 400, 600, 900


@dataclass(frozen=True)
class Case:
    """One line of the table.

    Attributes:
        group, name: heading and line.
        channel: what every burst meets, with a seed of its own.
        cfo_hz: the carrier offset is drawn uniformly within these.
        dropped: samples cut out of the payload, at a random place.
        scale: of all samples, behind the channel.
        spike: one sample of this magnitude in preamble, training or header; 0 is none.
        least, most: what a column has to reach at least, and at most.
    """

    group: str
    name: str
    channel: ChannelConfig
    cfo_hz: tuple[float, float] = (-1500.0, 1500.0)
    dropped: int = 0
    scale: float = 1.0
    spike: float = 0.0
    least: dict[str, float] = field(default_factory=dict)
    most: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Signal:
    """A burst of one full analog payload, and where its symbols are.

    Attributes:
        header: of the first burst; a second one has the next image number.
        payload: [n].
        samples: two bursts with silence around them.
        at: layout of a burst.
        length: samples of a burst.
    """

    header: Header
    payload: NDArray[np.complex64]
    samples: NDArray[np.complex64]
    at: Layout
    length: int


def make_signal(cfg: WaveformConfig, bursts: int = 1) -> Signal:
    """One burst, or two one after another."""
    payload = complex_noise(cfg.max_payload, 1.0, np.random.default_rng(3))
    modulator = BurstModulator(cfg)
    sent = [modulator.modulate(header(len(payload), 1 + i), payload) for i in range(bursts)]

    def silence(n: int) -> NDArray[np.complex64]:
        return np.zeros(n, np.complex64)

    pieces = [silence(_LEAD)]
    for samples in sent:
        pieces += [samples, silence(_BETWEEN)]
    pieces.append(silence(_TAIL - _BETWEEN))
    where = layout(sent[0], payload, cfg)
    return Signal(header(len(payload)), payload, np.concatenate(pieces), where, len(sent[0]))


def measure(case: Case, count: int, cfg: WaveformConfig, seed: int = 1) -> dict[str, Any]:
    """Send `count` bursts, each through a channel of its own, to a receiver that knows nothing.

    Returns:
        A row; see `Tally.row`.
    """
    signal = make_signal(cfg, 2 if case.dropped else 1)
    after = replace(signal.header, image_id=signal.header.image_id + 1)
    rng = np.random.default_rng((seed, 0xBE7C))
    tally = Tally(cfg, signal)
    for number in range(count):
        channel = replace(case.channel, cfo_hz=float(rng.uniform(*case.cfo_hz)))
        samples = HostileChannel(channel, seed + number).process(signal.samples)
        cut = len(samples)
        if case.dropped:
            first = _LEAD + int(signal.at.window[0])
            cut = int(rng.integers(first, _LEAD + signal.length - case.dropped))
            samples = np.delete(samples, slice(cut, cut + case.dropped))
        if case.spike:
            samples[int(rng.integers(_LEAD, _LEAD + signal.at.window[0]))] += case.spike
        receiver = BurstReceiver(cfg)
        samples = samples * np.float32(case.scale)
        got = receiver.push(samples) + receiver.flush()
        tally.bad_headers += receiver.stats.headers_bad
        tally.next_received += any(b.header == after for b in got)
        tally.false_images += sum(b.header not in (signal.header, after) for b in got)
        mine = next((b for b in got if b.header == signal.header), None)
        if mine is not None:
            length = len(signal.samples)
            tally.add(mine, bound(channel, seed + number, _LEAD, length, signal.at, cfg), cut)
    return tally.row(case, count)


class Tally:
    """What is added up over the bursts of a case."""

    def __init__(self, cfg: WaveformConfig, signal: Signal) -> None:
        self._cfg, self._signal = cfg, signal
        self.received = self.next_received = self.false_images = self.bad_headers = 0
        self._lost_before = 0.0
        self._symbols = 0  # that are called received; the sums below are over these
        self._over_bound = 0.0  # |e|^2 over the genie's variance
        self._decoded = 0.0  # |e|^2 behind a linear decoder that believes what it is told
        self._decoded_bound = 0.0
        self._ratio = np.zeros(cfg.fft_size)  # |e|^2 over the reported variance, by carrier
        self._seen = np.zeros(cfg.fft_size)

    def add(self, burst: Burst, genie: NDArray[np.float64], cut: int) -> None:
        """Add a received burst.

        Args:
            burst: as the receiver gave it.
            genie: variance of every symbol at the bound, [n].
            cut: sample at which some were lost.
        """
        at, sent, fft = self._signal.at, self._signal.payload, self._cfg.fft_size
        self.received += 1
        reported = burst.noise_var.astype(np.float64)
        known = np.isfinite(reported)
        whole = (_LEAD + at.window + fft <= cut)[at.ofdm]
        self._lost_before += float(np.mean(~known[whole])) if whole.any() else 0.0
        got, sent, genie, reported = (
            burst.symbols[known],
            sent[known],
            genie[known],
            reported[known],
        )
        error = np.abs(got - sent).astype(np.float64) ** 2
        self._symbols += len(got)
        self._over_bound += float((error / genie).sum())
        self._decoded += float((np.abs(got / (1 + reported) - sent) ** 2).sum())
        self._decoded_bound += float((genie / (1 + genie)).sum())
        bins = at.carrier[known] % fft
        self._ratio += np.bincount(bins, error / reported, fft)
        self._seen += np.bincount(bins, minlength=fft)

    def row(self, case: Case, count: int) -> dict[str, Any]:
        """The sums as a row; what could not be measured is NaN.

        `loss_db` is the mean of |error|^2 in units of the genie's variance; `decoder_loss_db` the
        error behind a linear decoder, x = y / (1 + variance), over the genie's behind the same;
        `calibration_db` the mean of |error|^2 over the reported variance (positive: overconfident)
        and `worst_carrier_db` that of the carrier it is worst at; `called_good_percent` the share
        of a received burst's symbols that are no erasures.
        """
        nan = float("nan")
        row: dict[str, Any] = {
            "what": "case", "group": case.group, "case": case.name, "bursts": count,
            "snr_db": case.channel.snr_db, "success_percent": 100 * self.received / count,
            "loss_db": nan, "decoder_loss_db": nan, "calibration_db": nan, "worst_carrier_db": nan,
            "called_good_percent": nan, "lost_before_percent": None, "next_percent": None,
            "bad_headers": self.bad_headers, "false_images": self.false_images,
        }  # fmt: skip
        if case.dropped:
            row["next_percent"] = 100 * self.next_received / count
            row["lost_before_percent"] = 100 * self._lost_before / max(1, self.received)
        if self._symbols:
            used = self._seen > 0
            carriers = 10 * np.log10(self._ratio[used] / self._seen[used])
            row |= {
                "loss_db": _db(self._over_bound / self._symbols),
                "decoder_loss_db": _db(self._decoded / self._decoded_bound),
                "calibration_db": _db(float(self._ratio.sum() / self._seen.sum())),
                "worst_carrier_db": float(carriers[np.argmax(np.abs(carriers))]),
                "called_good_percent": 100
                * self._symbols
                / (self.received * len(self._signal.payload)),
            }
        return row


def _db(value: float) -> float:
    return float(10 * np.log10(max(value, 1e-12)))
