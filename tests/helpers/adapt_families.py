"""Families of rate, fidelity and distortion as a hyperprior bank has them, made up from scales."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.ndimage import gaussian_filter

from gensc.adapt.problem import Family

VISUAL_NOISE = 0.1
CHANNELS = 12


@lru_cache(maxsize=64)
def family(
    seed: int = 0,
    images: int = 12,
    points: int = 19,
    alpha_step: float = 0.02,
    pixels: int = 512 * 512,
) -> Family:
    """Log-normal scales on a 16 x 16 grid, larger where the image is important.

    Points run from 27 to 40 dB and, unfiltered, from about 0.13 to 1.7 bits per pixel, the range
    of published hyperpriors; images differ. Bits spread over the image as the entropy of Gaussians
    of the scales does, GVIF is Eq. 27 against the finest point.
    """
    rng = np.random.default_rng(seed)
    alphas = np.round(np.linspace(0, 1, round(1 / alpha_step) + 1), 6)
    psnr = np.linspace(27.0, 40.0, points)
    bits, gvif, mse = (np.empty((images, points, alphas.size)) for _ in range(3))
    for n in range(images):
        blob = gaussian_filter(rng.standard_normal((16, 16)), rng.uniform(1.0, 3.0))
        importance = ((blob - blob.min()) / np.ptp(blob)) ** rng.uniform(0.7, 2.0)
        local = gaussian_filter(rng.standard_normal((16, 16)), 1.0)
        noise = 0.4 * rng.standard_normal((CHANNELS, 16, 16))
        falling = np.linspace(0, 4, CHANNELS)[:, None, None]
        scales = 8.0 * np.exp(0.8 * importance + local + noise - falling)
        total = np.log2(1 + scales**2 / VISUAL_NOISE).sum()
        busy, harder = pixels * np.exp(rng.uniform(-0.5, 0.5)), rng.uniform(-0.5, 1.0)
        kept = importance >= alphas[:, None, None]
        for p, level in enumerate(psnr):
            theta = scales * 10 ** (0.8 * (level - 40.0) / 20)
            entropy = np.log2(1 + theta**2).sum(axis=0)
            share = (kept * entropy).sum(axis=(1, 2)) / entropy.sum()
            side = 200 + 40 * (kept.mean(axis=(1, 2)) < 1)
            bits[n, p] = 0.13 * 13 ** ((level - 27) / 13) * busy * (0.03 + 0.97 * share) + side
            information = np.log2(1 + theta**2 / VISUAL_NOISE).sum(axis=0)
            gvif[n, p] = (kept * information).sum(axis=(1, 2)) / total
            mse[n, p] = 255**2 / 10 ** ((level - harder * alphas) / 10)
    return Family(tuple(range(points, 0, -1)), alphas, bits, gvif, mse, "made up")
