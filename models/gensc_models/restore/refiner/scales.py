"""How the SNR enters the refiner: as a condition, and as the unit of its correction."""

from __future__ import annotations

import torch
from torch import Tensor

from gensc_models.restore.refiner.config import CALIBRATION_SNRS_DB

# What training covers. Beyond it the networks are told the nearest SNR that they know.
LOWEST_SNR_DB, HIGHEST_SNR_DB = -2.0, 20.0
# Below the first of these SNRs a decoded image is hardly more than the mean photo: no correction.
NOTHING_HEARD_DB = (-15.0, -5.0)
STRENGTH_AT_0_DB = 0.1
# The error of a JSCC image falls about half as fast, in dB, as the noise does.
STRENGTH_SLOPE_DB = 40.0


def snr_feature(snr_db: Tensor) -> Tensor:
    """SNR in dB to about [-1, 1] over the range of training, ``B`` to ``B x 1``."""
    return (snr_db.clamp(LOWEST_SNR_DB, HIGHEST_SNR_DB) / 10.0 - 1.0)[:, None]


def strength(snr_db: Tensor) -> Tensor:
    """Unit of the correction, in pixel values of [0, 1], for SNRs ``B`` in dB.

    Falls with the error that the link leaves in a decoded image, so that the network's task has
    about the same size at every SNR, goes on falling above the range of training and fades to
    nothing far below it.
    """
    size = STRENGTH_AT_0_DB * torch.pow(10.0, -snr_db.clamp_min(LOWEST_SNR_DB) / STRENGTH_SLOPE_DB)
    nothing, enough = NOTHING_HEARD_DB
    return size * ((snr_db - nothing) / (enough - nothing)).clamp(0.0, 1.0)


def calibration(snr_db: Tensor, factors: tuple[float, ...]) -> Tensor:
    """Factors at ``CALIBRATION_SNRS_DB`` interpolated linearly at the SNRs ``B`` in dB."""
    spacing = CALIBRATION_SNRS_DB[1] - CALIBRATION_SNRS_DB[0]
    position = (snr_db.clamp(CALIBRATION_SNRS_DB[0], CALIBRATION_SNRS_DB[-1])) / spacing
    knots = torch.arange(len(factors), device=snr_db.device)
    weights = (1.0 - (position[:, None] - knots).abs()).clamp_min(0.0)
    return weights @ torch.tensor(factors, device=snr_db.device)
