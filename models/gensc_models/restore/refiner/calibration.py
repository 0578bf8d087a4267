"""How much of the trained correction to apply at each SNR, solved for after the training.

Training weighs all SNRs in one loss; a short one leaves the correction too strong where it could
learn least. The factor that minimises the squared error has a closed form and costs one pass. So
has the share of the whole correction to apply where a refiner serves several codecs and rates: the
smallest of what each of them would like, so that none is harmed.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gensc_models.restore.refiner.config import CALIBRATION_SNRS_DB
from gensc_models.restore.refiner.network import RefinerNetwork
from gensc_models.restore.refiner.pairs import Pairs

PAIRS_PER_PASS = 16


@torch.inference_mode()
def correction_gain(
    network: RefinerNetwork, pairs: Pairs, whole: bool = False
) -> tuple[Tensor, Tensor]:
    """``<correction, error>`` and ``<correction, correction>`` of each pair, in units of its error.

    ``error`` is the original minus what the trained part starts from
    (:meth:`restoration.Restoration.start`), or minus the decoded image for the ``whole``
    correction. Both are ``B``; the noise Z_T is fixed.
    """
    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(0)
    towards, size = [], []
    for first in range(0, len(pairs), PAIRS_PER_PASS):
        part = slice(first, first + PAIRS_PER_PASS)
        decoded, original = (x[part].to(device).float() / 255.0 for x in pairs[:2])
        noise = torch.randn(len(decoded), network.config.prior_size, generator=generator)
        snr_db = pairs.snr_db[part].to(device)
        refined = network(decoded, snr_db, noise.to(device))
        start = decoded if whole else network.restoration.start(decoded, snr_db)
        correction, error = (refined - start).flatten(1), (original - start).flatten(1)
        unit = error.square().sum(1) + 1e-3
        towards.append((correction * error).sum(1) / unit)
        size.append(correction.square().sum(1) / unit)
    return torch.cat(towards).cpu(), torch.cat(size).cpu()


def _best_factors(towards: Tensor, size: Tensor, snr_db: Tensor) -> list[float]:
    """Factors in [0, 1] at :data:`config.CALIBRATION_SNRS_DB` that minimise the mean error.

    Each pair counts for the SNRs around its own as linear interpolation between them will use it.
    """
    spacing = CALIBRATION_SNRS_DB[1] - CALIBRATION_SNRS_DB[0]
    ends = snr_db.clamp(CALIBRATION_SNRS_DB[0], CALIBRATION_SNRS_DB[-1])
    factors = []
    for knot in CALIBRATION_SNRS_DB:
        weight = (1.0 - (ends - knot).abs() / spacing).clamp_min(0.0)
        best = float((weight * towards).sum() / (weight * size).sum().clamp_min(1e-12))
        factors.append(round(min(1.0, max(0.0, best)), 3))
    return factors


def fit_calibration(network: RefinerNetwork, pairs: Pairs) -> tuple[float, ...]:
    """Factors of the trained correction that minimise the mean error.

    The network must still have factors of 1.
    """
    return tuple(_best_factors(*correction_gain(network, pairs), pairs.snr_db))


def fit_applied(network: RefinerNetwork, groups: Sequence[Pairs]) -> tuple[float, ...]:
    """Shares of the whole correction that are too large for no group of pairs.

    A group is a codec at a rate; each needs pairs at all of :data:`config.CALIBRATION_SNRS_DB`.
    The network must still have shares of 1.
    """
    wishes = [
        _best_factors(*correction_gain(network, pairs, whole=True), pairs.snr_db)
        for pairs in groups
    ]
    return tuple(min(at_one_snr) for at_one_snr in zip(*wishes, strict=True))
