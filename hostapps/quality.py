"""Quality of a received picture: which metrics, and why one is left out."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_NO_MODEL = "needs a network that this version does not ship"
_LATER = {
    "lpips": _NO_MODEL,
    "clip_score": _NO_MODEL,
    "brisque": "no-reference metric, not part of this version",
    "mask_psnr": "no saliency mask in this version",
    "gvif": "no generative codec in this version",
}


def score(
    original: NDArray[np.uint8], received: NDArray[np.uint8] | None, *, full: bool = True
) -> tuple[dict[str, float], dict[str, str]]:
    """Metrics of one image and the reasons for those that are missing.

    Args:
        original, received: uint8 H×W×3; None where nothing was received.
        full: PSNR, SSIM and MS-SSIM; False computes PSNR alone (sweeps).
    """
    if received is None:
        return {}, dict.fromkeys(("psnr", "ssim", "ms_ssim"), "nothing received") | _LATER
    from gensc_models import metrics

    values = {"psnr": metrics.psnr(original, received)}
    reasons = dict(_LATER)
    if math.isinf(values["psnr"]):
        reasons["psnr"] = "infinite: the image came back exactly"
    if not full:
        reasons |= dict.fromkeys(("ssim", "ms_ssim"), "not asked for")
        return values, reasons
    for name, metric in (("ssim", metrics.ssim), ("ms_ssim", metrics.ms_ssim)):
        try:
            values[name] = metric(original, received)
        except ValueError as error:
            reasons[name] = str(error)
    return values, reasons
