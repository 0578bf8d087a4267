"""Quality of a received picture: which metrics, and why one is left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from gensc.results.result import METRICS, NOT_ASKED

if TYPE_CHECKING:
    from gensc_models.weights.hub import UnavailableError

T = TypeVar("T")

#: How much is computed: PSNR alone (sweeps); SSIM and MS-SSIM as well; BRISQUE, LPIPS, ST-LPIPS,
#: CLIP-Score and the agreement of a classifier as well, most by networks made elsewhere that take
#: up to a second an image.
Effort = Literal["psnr", "fidelity", "perceptual"]

#: Names of efforts.
EFFORTS: tuple[Effort, ...] = ("psnr", "fidelity", "perceptual")
_FIDELITY = ("psnr", "ssim", "ms_ssim")
_PERCEPTUAL = (*_FIDELITY, "lpips", "st_lpips", "clip_score", "brisque", "top1", "top5")
_OF_EFFORT: dict[Effort, tuple[str, ...]] = {
    "psnr": ("psnr",),
    "fidelity": _FIDELITY,
    "perceptual": _PERCEPTUAL,
}


@dataclass(frozen=True)
class _Pair:
    """Arguments of `score`."""

    original: NDArray[np.uint8]
    received: NDArray[np.uint8]
    mask: NDArray[np.bool_] | None
    caption: str | None

    @cached_property
    def agreement(self) -> dict[str, float]:
        """What a classifier says of both."""
        from gensc_models.metrics.agreement import agreement
        from gensc_models.semantics.importance.efficientnet import load_efficientnet

        return agreement(_once(load_efficientnet), self.original, self.received)


def score(
    original: NDArray[np.uint8],
    received: NDArray[np.uint8] | None,
    *,
    effort: Effort | Collection[str] = "fidelity",
    mask: NDArray[np.bool_] | None = None,
    caption: str | None = None,
    known: Mapping[str, float] | None = None,
) -> tuple[dict[str, float], dict[str, str]]:
    """Metrics of one image and the reasons for those that are missing.

    Args:
        original, received: uint8 H×W×3; None where nothing was received.
        effort: how much is computed, or which metrics by name.
        mask: bool H×W, the pixels that matter; with it `mask_psnr` is computed at any effort.
        caption: what the original shows, for `clip_score`.
        known: metrics that the scheme itself knows, such as `gvif`.

    Raises:
        ValueError: pictures of different shapes.
    """
    if received is None:
        return {}, dict.fromkeys(METRICS, "nothing received")
    from gensc_models.weights.hub import UnavailableError

    if original.shape != received.shape:
        raise ValueError(f"shapes differ: {original.shape} and {received.shape}")
    pair = _Pair(original, received, mask, caption)
    values = dict(known or {})
    wanted = metrics_of(effort)
    reasons = {n: NOT_ASKED for n in _PERCEPTUAL if n not in wanted}
    for name, compute in _COMPUTE.items():
        if name not in values and name not in reasons:
            try:
                values[name] = compute(pair)
            except (ValueError, UnavailableError) as error:
                reasons[name] = str(error)
    if "gvif" not in values:
        reasons["gvif"] = "only a scheme that sends a part of a codec's latents has one"
    for name in ("psnr", "mask_psnr"):
        if math.isinf(values.get(name, 0.0)):
            reasons[name] = "infinite: the image came back exactly"
    return values, reasons


def metrics_of(effort: Effort | Collection[str]) -> Collection[str]:
    """The metrics of an effort; names as they are."""
    return _OF_EFFORT[effort] if isinstance(effort, str) else effort  # type: ignore[index]


def _psnr(pair: _Pair) -> float:
    from gensc_models.metrics.fidelity import psnr

    return psnr(pair.original, pair.received)


def _ssim(pair: _Pair) -> float:
    from gensc_models.metrics.fidelity import ssim

    return ssim(pair.original, pair.received)


def _ms_ssim(pair: _Pair) -> float:
    from gensc_models.metrics.fidelity import ms_ssim

    return ms_ssim(pair.original, pair.received)


def _lpips(pair: _Pair) -> float:
    from gensc_models.metrics.lpips import load_lpips

    return float(_once(load_lpips)(pair.original[None], pair.received[None])[0])


def _st_lpips(pair: _Pair) -> float:
    from gensc_models.metrics.st_lpips import load_st_lpips

    return float(_once(load_st_lpips).photos(pair.original[None], pair.received[None])[0])


def _clip_score(pair: _Pair) -> float:
    from gensc_models.metrics.clip import clip_score, load_clip

    if not pair.caption:
        raise ValueError("no caption to compare the image with")
    return float(clip_score(_once(load_clip), [pair.received], [pair.caption])[0])


def _brisque(pair: _Pair) -> float:
    from gensc_models.metrics.brisque import brisque

    return brisque(pair.received)


def _mask_psnr(pair: _Pair) -> float:
    from gensc_models.metrics.fidelity import mask_psnr

    if pair.mask is None:
        raise ValueError("no mask of the pixels that matter")
    return mask_psnr(pair.original, pair.received, pair.mask)


_COMPUTE: dict[str, Callable[[_Pair], float]] = {
    "psnr": _psnr,
    "ssim": _ssim,
    "ms_ssim": _ms_ssim,
    "lpips": _lpips,
    "st_lpips": _st_lpips,
    "clip_score": _clip_score,
    "brisque": _brisque,
    "top1": lambda pair: pair.agreement["top1"],
    "top5": lambda pair: pair.agreement["top5"],
    "mask_psnr": _mask_psnr,
}


def _once(load: Callable[[], T]) -> T:
    """What `load` returns or raises, from one call: a network that is not there is slow to miss."""
    from gensc_models.weights.hub import UnavailableError

    found = _outcome(load)
    if isinstance(found, UnavailableError):
        raise found.with_traceback(None)
    return found


@lru_cache
def _outcome(load: Callable[[], T]) -> T | UnavailableError:
    from gensc_models.weights.hub import UnavailableError

    try:
        return load()
    except UnavailableError as error:
        return error
