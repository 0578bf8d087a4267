"""Where samples are missing from a burst: a receiver's computer that was too slow has lost them.

What lies behind the loss comes too early: by a few samples, which turns the carriers, or by more,
which puts the windows of the transform anywhere. Two things tell. The cyclic prefixes are no
longer where they should be: Page's cumulative sum ("Continuous inspection schemes", 1954) of
their correlation looks for the symbol from which on they are missing. And the pilots no longer
fit a channel that all the symbols before have crossed: the likelihood of a channel up to some
symbol and of nothing known behind it is compared with that of one channel for the whole burst.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gensc_phy.waveform import cells
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.estimate import PRE_CURSOR
from gensc_phy.waveform.noise import Noise
from gensc_phy.waveform.payload import Known, Path, second_look
from gensc_phy.waveform.wiener import Observed, fit

# Missing correlation of prefixes, in symbols, that is no chance.
_MISSING = 1.5
# Share of the prefixes' usual correlation below which one counts as missing.
_LOW = 0.75
# Share of the prefixes' correlation that may be left behind a loss.
_GONE = 0.6
# Misfit of the pilots of a few symbols in a row that is no chance, over the noise.
_MISFIT, _IN_A_ROW = 4.0, 4
# Mean vote of the pilots, nats, that says that they do not fit.
_NO = 1.5
# Symbols behind a loss that are needed to tell it from chance.
_LEAST = 3
# Most that one pilot counts, nats.
_VOTE = 4.0
# What a model of the channel may leave of it, where noise is no excuse.
_MODEL = 0.00005
# Symbols between the places looked at, and how far a channel is foretold behind one.
_STEP, _AHEAD = 10, 14


@dataclass(frozen=True)
class Prefixes:
    """Cyclic prefixes beside the ends of the symbols they repeat.

    Attributes:
        correlation: of every symbol, [symbols].
        power: of the samples correlated, [symbols].
    """

    correlation: NDArray[np.float64]
    power: NDArray[np.float64]


def prefixes(samples: NDArray[np.complex64], cfo: float, cfg: WaveformConfig) -> Prefixes:
    """Correlate the prefix of every symbol.

    Args:
        samples: [symbols * symbol_len], beginning with the first symbol's prefix.
        cfo: carrier offset, cycles per sample.
    """
    c = cfg
    rows = samples.reshape(-1, c.symbol_len)
    # The first samples are those of the symbol before, as far as the channel reaches.
    first = min(PRE_CURSOR, c.cp_len // 2)
    prefix, tail = rows[:, first : c.cp_len], rows[:, c.fft_size + first :]
    turn = np.exp(2j * np.pi * cfo * c.fft_size)
    product = np.mean(prefix * np.conj(tail), axis=1) * turn
    power = np.mean(np.abs(prefix) ** 2 + np.abs(tail) ** 2, axis=1) / 2
    return Prefixes(product.real, power)


def _prefixes_end(found: Prefixes, noise: float, n_train: int) -> int | None:
    """First payload symbol from which on the prefixes are missing."""
    # What is expected follows the fading of the burst, but not the power of an interferer.
    signal = np.maximum(np.minimum(found.power, np.median(found.power)) - noise, 0)
    usual = float(found.correlation[:n_train].sum() / max(signal[:n_train].sum(), 1e-30))
    share = (_LOW * usual * signal - found.correlation) / np.maximum(signal + noise, 1e-30)
    missing = np.cumsum(share[n_train:][::-1])[::-1]
    if not missing.size or missing.max() < _MISSING:
        return None
    end = n_train + int(missing.argmax())
    left = float(found.correlation[end:].sum())
    return end if left < _GONE * usual * float(signal[end:].sum()) else None


def _misfit(known: Known, path: Path, n_train: int) -> int | None:
    """First of some payload symbols in a row whose pilots are far from what the channel makes."""
    symbols = np.empty(len(known.sent) - n_train)
    h, error, noise = path.channel.response, path.channel.error, path.noise.carrier
    cells.surprise(path.aligned, known.sent, h, error, noise, _MODEL, n_train, symbols)
    if len(symbols) < _IN_A_ROW:
        return None
    runs = np.convolve(symbols, np.full(_IN_A_ROW, 1 / _IN_A_ROW), "valid")
    return n_train + int((runs > _MISFIT).argmax()) if runs.max() > _MISFIT else None


def find_loss(
    known: Known,
    path: Path,
    heard: Callable[[], Prefixes],
    look: Callable[[Known], Path],
    n_train: int,
    cfg: WaveformConfig,
) -> int | None:
    """The symbol at which samples were lost; None where none were.

    Args:
        known: training, header and payload.
        path: what explains them, if nothing was lost.
        heard: gives the prefixes of the symbols.
        look: explains the first symbols of the burst.
        n_train: symbols of training and header, of which nothing is lost.
    """
    n = len(known.received)
    misfit = _misfit(known, path, n_train)
    if misfit is None:
        if not path.phase.score or path.model[1]:
            return None
        # Pilots whose phase is free may fit by turning with every step they make.
        no_prefix = _prefixes_end(heard(), path.noise.level, n_train)
        if no_prefix is None:
            return None
    else:
        no_prefix = _prefixes_end(heard(), path.noise.level, n_train)
    # Log-likelihood of symbols of which nothing is known but their power.
    weight = (known.sent != 0) / path.noise.cells
    power = float(np.mean(np.abs(known.received[:n_train]) ** 2))
    seen = weight * np.abs(known.received) ** 2
    alone = np.sum(seen * (1 - 1 / (1 + weight * power)) - np.log1p(weight * power), axis=1)
    behind = np.concatenate([np.cumsum(alone[::-1])[::-1], [0.0]])
    limit = n if no_prefix is None else no_prefix
    ends = range(n_train, limit + 1, _STEP)
    paths = {end: look(_first(known, end)) for end in ends}
    end = max(ends, key=lambda m: paths[m].score + behind[m])
    if no_prefix is None and paths[end].score + behind[end] <= path.score:
        # One channel explains more, but some symbols badly: it may have been bent to the rest.
        end = n_train + (misfit - n_train) // _STEP * _STEP if misfit is not None else end
    before = second_look(_first(known, end), paths[end], cfg)
    if not before.phase.score:
        # Pilots that move over the carriers show every shift; prefixes may also be drowned.
        limit = n
    while end < limit:
        more = _still_fits(known, before, end, limit, cfg)
        if not more:
            if no_prefix is not None and end - _STEP <= no_prefix < end:
                # Pilots say that there is a loss, prefixes where: a fast model follows its start.
                end = no_prefix
            # Of the last few symbols too little is known.
            return end if end <= n - _LEAST else None
        end += more
        before = second_look(_first(known, end), look(_first(known, end)), cfg)
    return end if end < n else None


def _first(known: Known, end: int) -> Known:
    return Known(known.received[:end], known.sent[:end], known.empty[:end])


def _still_fits(known: Known, before: Path, end: int, limit: int, cfg: WaveformConfig) -> int:
    """How many symbols from `end` on, before `limit`, fit the channel that earlier ones crossed."""
    n = min(limit, end + _AHEAD)
    noise: Noise = before.noise.longer(n)
    noise_var = noise.cells
    angle = np.full(n, before.phase.angle[-1])
    angle[:end] = before.phase.angle
    received = known.received[:n] * np.exp(-1j * angle).astype(np.complex64)[:, None]
    sent = known.sent[:n].copy()
    sent[end:] = 0
    energy = float(np.mean(np.abs(before.channel.response) ** 2))
    found = fit(Observed.of(received, sent, noise_var, energy), *before.model, cfg)
    ahead = slice(end, n)
    x = known.sent[ahead]
    h, error = found.response[ahead], found.error[ahead]
    variance = noise_var[ahead] + error + _MODEL * np.abs(h) ** 2
    y2 = np.abs(received[ahead]) ** 2
    if before.phase.score:
        # The phase has gone on meanwhile: the best one of every symbol.
        z = np.sum(received[ahead] * np.conj(h * x) / variance, axis=1)
        u = np.sum(np.abs(h * x) ** 2 / variance, axis=1)
        z /= np.maximum(np.abs(z), 1e-30)
        turn = np.where(u > 0, z, 1)[:, None]
    else:
        turn = np.ones((n - end, 1), dtype=np.complex64)
    fits = -(np.abs(received[ahead] - h * x * turn) ** 2) / variance - np.log(variance)
    other = energy + noise_var[ahead]
    lost = -y2 / other - np.log(other)
    # An interferer on some of the pilots must not outvote the others.
    votes = np.clip(fits - lost, -_VOTE, _VOTE)
    gain = np.cumsum(np.sum(np.where(x != 0, votes, 0), axis=1))
    best = int(gain.argmax())
    if gain[best] > 0:
        return best + 1
    # Where the channel moves too fast to be foretold the pilots say neither yes nor no.
    pilots = int((x != 0).sum())
    return 0 if gain[-1] < -_NO * pilots else min(n - end, _IN_A_ROW)
