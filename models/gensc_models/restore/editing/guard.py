"""A guard between editor and user: what was received outranks what an editor makes up.

How far an edit strays is measured on the foreground, where the link spent its symbols: as PSNR
against the received image, as structure (covariance over variances of smoothed luminance, the
structure term of SSIM, Wang et al. 2004, over the whole foreground), and as shift of the mean
colour. An edit of another scene is rejected; one that strays too far is blended with the received
image until its foreground is within bounds. Away from the foreground the edit is free.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from gensc_models.metrics.fidelity import C2, mask_psnr
from gensc_models.restore.editing.anchor import FEATHER, blend, foreground_of
from gensc_models.restore.editing.editor import Mask, Photo

Kind = Literal["untouched", "accepted", "blended", "rejected"]
LUMA = (0.299, 0.587, 0.114)
SMOOTHING = 2.0


@dataclass(frozen=True)
class Bounds:
    """What an edit may do to the foreground.

    Attributes
    ----------
    psnr_db
        Least PSNR of edited against received. A perfect edit, the original, has 21.7 to 32.7 dB
        (four photos by ``deepjscc-photo`` at CBR 1/24, 0 to 15 dB).
    structure
        Least structure, -1 to 1; below it the edit shows something else. Of the same photos: the
        original 0.98 or more, displaced by 4 pixels 0.89 or more, by 16 pixels 0.70 or less,
        another photo 0.19 or less.
    colour
        Largest shift of the mean of any colour, in 8-bit levels.
    feather
        Pixels over which a blend turns into the pure edit outside the foreground.
    """

    psnr_db: float = 20.0
    structure: float = 0.75
    colour: float = 40.0
    feather: float = FEATHER


@dataclass(frozen=True)
class Drift:
    """How far an edit strayed on the foreground; see :class:`Bounds`."""

    psnr_db: float
    structure: float
    colour: float


@dataclass(frozen=True)
class Verdict:
    """What became of an edit.

    Attributes
    ----------
    image
        What to show, uint8 ``H x W x 3``.
    kind
        "untouched": the edit changed nothing; "accepted": it is shown; "blended": part of it is;
        "rejected": the received image is.
    drift
        Of the edit.
    reason
        A few words for a blend or a rejection, "" otherwise.
    """

    image: Photo
    kind: Kind
    drift: Drift
    reason: str = ""


def measure_drift(received: Photo, edited: Photo, mask: Mask | None = None) -> Drift:
    """How far ``edited`` strays from ``received`` where ``mask`` is 0.5 or more.

    Without a mask, or where it marks nothing, everything is foreground.

    Raises
    ------
    ValueError
        Not two uint8 colour images and a mask of one size.
    """
    return _drift(received, edited, foreground_of(received, mask))


def guard_edit(
    received: Photo, edited: Photo, mask: Mask | None = None, bounds: Bounds | None = None
) -> Verdict:
    """The edit, a blend, or the received image; the foreground never strays beyond ``bounds``.

    Parameters
    ----------
    received, edited
        uint8 ``H x W x 3``.
    mask
        ``H x W``, 1 for foreground.
    bounds
        None takes the defaults.

    Raises
    ------
    ValueError
        As :func:`measure_drift`.
    """
    bounds = bounds or Bounds()
    foreground = foreground_of(received, mask)
    drift = _drift(received, edited, foreground)
    if np.array_equal(received, edited):
        return Verdict(received, "untouched", drift)
    if drift.structure < bounds.structure:
        why = f"structure {drift.structure:.2f} of the foreground, least {bounds.structure:g}"
        return Verdict(received, "rejected", drift, why)
    if drift.colour > bounds.colour:
        why = f"mean colour {drift.colour:.0f} levels off, most {bounds.colour:g}"
        return Verdict(received, "rejected", drift, why)
    if drift.psnr_db >= bounds.psnr_db:
        return Verdict(edited, "accepted", drift)
    share = 10.0 ** ((drift.psnr_db - bounds.psnr_db) / 20.0)
    why = f"{share:.0%} of the edit, which is {drift.psnr_db:.1f} dB from what was received"
    return Verdict(
        blend(received, edited, foreground, share, bounds.feather), "blended", drift, why
    )


def _drift(received: Photo, edited: Photo, foreground: NDArray[np.bool_]) -> Drift:
    distance = mask_psnr(received, edited, foreground)
    shift = edited[foreground].mean(axis=0) - received[foreground].mean(axis=0)
    return Drift(
        psnr_db=distance,
        structure=_structure(received, edited, foreground),
        colour=float(np.abs(shift).max()),
    )


def _structure(received: Photo, edited: Photo, foreground: NDArray[np.bool_]) -> float:
    # Smoothed, because noise and the detail that editors restore are no objection.
    before, after = (
        gaussian_filter(x @ np.array(LUMA), 2.0)[foreground] for x in (received, edited)
    )
    covariance = float(np.mean((before - before.mean()) * (after - after.mean())))
    return (2.0 * covariance + C2) / (float(before.var()) + float(after.var()) + C2)
