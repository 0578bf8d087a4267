"""Time-varying multipath in torch: Rayleigh paths with Jakes' Doppler spectrum."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gensc_models.channels.parameters import ChannelParameters
from gensc_models.channels.random import uniform

_SINUSOIDS = 32  # of each path
_HALF_WIDTH, _BETA = 12, 6.0  # of the kernel that places a path between samples
#: How late the first path comes, samples.
LATENCY = _HALF_WIDTH - 1


def sinc_kernel(times: Tensor, half_width: int, beta: float) -> Tensor:
    """Kaiser-windowed sinc at `times` in samples; 0 beyond `half_width`. Shape of `times`."""
    inside = (1 - (times / half_width).square()).clamp(min=0)
    window = torch.special.i0(beta * inside.sqrt()) / torch.special.i0(torch.tensor(beta))
    return torch.sinc(times) * torch.where(inside > 0, window, 0)


def path_gains(
    parameters: ChannelParameters, rows: int, times_s: Tensor, generator: torch.Generator
) -> Tensor:
    """Gains of every path at given times: sums of sinusoids, of autocorrelation J0.

    Parameters
    ----------
    parameters : delays, powers, Doppler shift, Rice factor.
    rows : independent realisations.
    times_s : seconds, [times].

    Returns
    -------
    Tensor
        Complex, [rows, times, paths].
    """
    powers = torch.as_tensor(parameters.paths().powers, dtype=torch.float32).clone()
    k = parameters.rice_k
    steady = math.sqrt(float(powers[0]) * k / (1 + k))
    powers[0] /= 1 + k
    shape = (rows, len(powers), _SINUSOIDS)
    sectors = torch.arange(_SINUSOIDS) + uniform(shape, generator)
    omega = 2 * math.pi * parameters.doppler_hz * torch.cos(2 * math.pi * sectors / _SINUSOIDS)
    start = 2 * math.pi * uniform(shape, generator)
    phase = omega.double()[:, None] * times_s.double()[:, None, None] + start[:, None]
    gains = torch.polar(torch.ones_like(phase), phase).sum(-1).to(torch.complex64)
    gains = gains * (powers / _SINUSOIDS).sqrt()
    first = torch.polar(torch.full((rows, 1), steady), 2 * math.pi * uniform((rows, 1), generator))
    gains[..., 0] += first
    return gains


def fade(samples: Tensor, parameters: ChannelParameters, generator: torch.Generator) -> Tensor:
    """Every row through paths of its own, [rows, n] to [rows, n]; the first one is `LATENCY` late.

    The gains move linearly between points at which the Doppler phase has moved by 0.05 rad.
    """
    rows, n = samples.shape
    delays = torch.as_tensor(parameters.paths().delays_s, dtype=torch.float32)
    delays = delays * parameters.sample_rate
    length = 2 * _HALF_WIDTH + math.ceil(float(delays.max()))
    kernels = sinc_kernel(torch.arange(length) - LATENCY - delays[:, None], _HALF_WIDTH, _BETA)
    moves = max(2 * math.pi * parameters.doppler_hz / parameters.sample_rate, 1e-9)
    step = int(min(max(0.05 / moves, 4), n))
    points = torch.arange(n // step + 2) * (step / parameters.sample_rate)
    taps = path_gains(parameters, rows, points, generator) @ kernels.to(torch.complex64)
    at = torch.arange(n)
    block, weight = at // step, (at % step) / step
    padded = torch.nn.functional.pad(samples, (length - 1, 0))
    out = torch.zeros_like(samples)
    for tap in range(length):
        moving = torch.lerp(taps[:, block, tap], taps[:, block + 1, tap], weight.to(taps.dtype))
        out = out + moving * padded[:, length - 1 - tap : length - 1 - tap + n]
    return out
