"""Everything that real radios and real air do to samples, in torch, differentiable.

The same impairments, parameters and statistics as `gensc_phy.channel.hostile`, in the same order,
for whole batches: every row of samples meets a realisation of its own. For training through a
waveform; the NumPy channel is the one for streams.
"""

from __future__ import annotations

import cmath
import math

import torch
from torch import Tensor, nn

from gensc_models.channels.parameters import ChannelParameters
from gensc_models.channels.paths import fade, sinc_kernel
from gensc_models.channels.random import complex_normal, exponential, uniform

_HALF_WIDTH, _BETA = 16, 8.0  # of the resampler's kernel


class HostileChannel(nn.Module):
    """Sends samples of mean power 1 through all impairments of a config.

    Parameters
    ----------
    parameters : what happens; a `gensc_phy.channel.config.ChannelConfig` is one.
    """

    def __init__(self, parameters: ChannelParameters) -> None:
        super().__init__()
        self.told = parameters

    def forward(self, samples: Tensor, generator: torch.Generator) -> Tensor:
        """Complex samples ``... x n`` as receivers' computers get them, ``... x n``.

        Where samples were lost the rest moves up and zeros stand at the end. Rounding passes the
        gradient as if it were not there, clipping as it is.
        """
        p, shape = self.told, samples.shape
        x = samples.reshape(-1, shape[-1]).to(torch.complex64)
        if p.clip_db is not None:
            x = clip(x, p.clip_db)
        if p.backoff_db is not None:
            x = rapp(x, p.backoff_db, p.smoothness)
        if p.fades:
            x = fade(x, p, generator)
        if p.sampling_offset_ppm:
            x = resample(x, p.sampling_offset_ppm)
        x = x * oscillator(x.shape, p, generator)
        if p.interferer_db is not None:
            x = x + interferer(x.shape, p, generator)
        if p.impulse_rate:
            hit = uniform(x.shape, generator) < p.impulse_rate
            x = x + hit * complex_normal(x.shape, generator) * 10 ** (p.impulse_db / 20)
        if p.snr_db is not None:
            x = x + complex_normal(x.shape, generator) * 10 ** (-p.snr_db / 20)
        if p.iq_gain_db or p.iq_phase_deg:
            x = iq_imbalance(x, p.iq_gain_db, p.iq_phase_deg)
        if p.dc_db is not None:
            angle = 2 * math.pi * uniform((len(x), 1), generator)
            x = x + torch.polar(torch.full_like(angle, 10 ** (p.dc_db / 20)), angle)
        if p.bits is not None:
            x = quantise(x, p.bits, p.headroom_db)
        if p.drop_interval_s is not None:
            x = drop(x, p.drop_interval_s * p.sample_rate, p.drop_samples, generator)
        return x.reshape(shape)


def clip(x: Tensor, limit_db: float) -> Tensor:
    """Envelope limited to `limit_db` above a mean power of 1, phase kept."""
    limit = 10 ** (limit_db / 20)
    return x * (limit / x.abs().clamp(min=limit))


def rapp(x: Tensor, backoff_db: float, smoothness: float) -> Tensor:
    """Solid-state amplifier (Rapp, 1991): x / (1 + (|x| / A)^(2 p))^(1 / (2 p))."""
    drive = x.abs() * 10 ** (-backoff_db / 20)
    # The larger of 1 and the drive is taken out, so that no power overflows.
    top = drive.clamp(min=1)
    inner = (1 / top) ** (2 * smoothness) + (drive / top) ** (2 * smoothness)
    return x / (top * inner ** (0.5 / smoothness))


def resample(x: Tensor, offset_ppm: float) -> Tensor:
    """Samples at times n (1 - e), [rows, n]; beyond the end there are zeros."""
    n = x.shape[-1]
    times = torch.arange(n, dtype=torch.float64) * (1 - offset_ppm * 1e-6)
    base = times.floor().long()
    offsets = torch.arange(-_HALF_WIDTH + 1, _HALF_WIDTH + 1)
    weights = sinc_kernel(((times - base)[:, None] - offsets).float(), _HALF_WIDTH, _BETA)
    padded = nn.functional.pad(x, (_HALF_WIDTH, _HALF_WIDTH + 2))
    index = (base[:, None] + offsets + _HALF_WIDTH).clamp(0, padded.shape[-1] - 1)
    return (padded[:, index] * weights).sum(-1)


def oscillator(shape: torch.Size, p: ChannelParameters, generator: torch.Generator) -> Tensor:
    """The turn of every sample: carrier offset, unknown phase, and Wiener phase noise."""
    rows, n = shape
    phase = 2 * math.pi * uniform((rows, 1), generator).double()
    phase = phase + 2 * math.pi * p.cfo_hz / p.sample_rate * torch.arange(n, dtype=torch.float64)
    if p.linewidth_hz:
        moved = torch.randn(rows, n, generator=generator).double().cumsum(-1)
        phase = phase + moved * math.sqrt(2 * math.pi * p.linewidth_hz / p.sample_rate)
    return torch.polar(torch.ones_like(phase), phase).to(torch.complex64)


def interferer(shape: torch.Size, p: ChannelParameters, generator: torch.Generator) -> Tensor:
    """A tone, or noise in a band (Butterworth of order 4), always on or in bursts."""
    rows, n = shape
    assert p.interferer_db is not None
    start = 2 * math.pi * uniform((rows, 1), generator)
    turn = 2 * math.pi * p.interferer_hz / p.sample_rate * torch.arange(n) + start
    carrier = torch.polar(torch.ones_like(turn), turn)
    if p.interferer_width_hz:
        # The bilinear transform's frequencies: the response of the same filter in NumPy.
        edge = math.tan(math.pi / 2 * min(p.interferer_width_hz / p.sample_rate, 0.99))
        at = torch.tan(math.pi * torch.fft.fftfreq(n).double().clamp(-0.4999, 0.4999))
        response = (1 + (at / edge) ** 8).rsqrt()
        response = response / response.square().mean().sqrt()
        spectrum = torch.fft.fft(complex_normal((rows, n), generator)) * response
        carrier = carrier * torch.fft.ifft(spectrum).to(torch.complex64)
    gate = _bursts(rows, n, p, generator) if p.interferer_duty < 1 else 1.0
    return carrier * gate * 10 ** (p.interferer_db / 20)


def _bursts(rows: int, n: int, p: ChannelParameters, generator: torch.Generator) -> Tensor:
    """1 where the interferer is on, [rows, n]: bursts and pauses of exponential lengths."""
    on = p.interferer_burst_s * p.sample_rate
    off = on * (1 / p.interferer_duty - 1)
    count = 2 * math.ceil(n / (1 + min(on, off))) + 8
    begins_on = uniform((rows, 1), generator) < p.interferer_duty
    is_on = (torch.arange(count) % 2 == 0) == begins_on
    lengths = 1 + exponential((rows, count), 1.0, generator) * torch.where(is_on, on, off)
    number = torch.searchsorted(
        lengths.cumsum(-1), torch.arange(n).expand(rows, n).float(), right=True
    )
    return is_on.gather(-1, number.clamp(max=count - 1)).float()


def iq_imbalance(x: Tensor, gain_db: float, phase_deg: float) -> Tensor:
    """y = mu x + nu x*, for Q stronger by a gain and late by a phase."""
    g, turn = 10 ** (gain_db / 20), cmath.exp(1j * math.radians(phase_deg))
    return x * ((1 + g / turn) / 2) + x.conj() * ((1 - g * turn) / 2)


def quantise(x: Tensor, bits: int, headroom_db: float) -> Tensor:
    """I and Q rounded to `bits` (mid-rise), limited at full scale; straight-through gradient."""
    step = 10 ** (headroom_db / 20) / 2 ** (bits - 1)
    top = 2 ** (bits - 1) - 0.5
    parts = torch.view_as_real(x) / step
    limited = parts.clamp(-top, top)
    rounded = (parts.floor() + 0.5).clamp(-top, top)
    return torch.view_as_complex((limited + (rounded - limited).detach()) * step)


def drop(x: Tensor, interval: float, longest: int, generator: torch.Generator) -> Tensor:
    """Pieces cut out at exponential distances; what is left moves up, zeros follow; [rows, n]."""
    rows, n = x.shape
    count = math.ceil(3 * n / interval) + 20
    keep = 1 + exponential((rows, count), interval, generator).floor()
    lost = torch.randint(1, longest + 1, (rows, count), generator=generator)
    ends = torch.stack([keep, lost.float()], -1).reshape(rows, -1).cumsum(-1)
    kept = _pieces(ends, n) % 2 == 0
    # Kept samples first, each group in its order.
    order = torch.argsort((~kept).long(), dim=-1, stable=True)
    left = torch.arange(n) < kept.sum(-1, keepdim=True)
    return x.gather(-1, order) * left


def _pieces(ends: Tensor, n: int) -> Tensor:
    """Number of the piece that each of n samples is in, [rows, n], by where the pieces end."""
    samples = torch.arange(n, dtype=ends.dtype).expand(len(ends), n).contiguous()
    return torch.searchsorted(ends, samples, right=True)
