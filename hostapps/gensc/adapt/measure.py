"""Rate, fidelity and distortion of a bank on images, at every operating point and threshold."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gensc.adapt.bank import BLOCK, Bank, Mask, Photo
from gensc.adapt.importance import Importance
from gensc.adapt.problem import Family


def measure(
    bank: Bank,
    importance: Importance,
    photos: Sequence[tuple[str, Photo]],
    points: Sequence[int],
    alphas: Sequence[float],
    step: Callable[[str], None] = lambda note: None,
) -> Family:
    """Code and decode every image with every mask at every operating point.

    Bits are those of the real containers, errors those of the decoded pixels of the blocks that
    were sent. GVIF (Eq. 27-30) refers to the bank's finest point, also where that is not among
    `points`.

    Args:
        bank: the codec.
        importance: what is kept first.
        photos: name and pixels, uint8 H x W x 3.
        points: operating points.
        alphas: thresholds, rising from 0.
        step: called after each image and point with a note.

    Raises:
        ValueError: no images, or thresholds that do not rise from 0.
    """
    from gensc_models.semantics.filtering import gvif_of_blocks, on_blocks

    shape = (len(photos), len(points), len(alphas))
    if 0 in shape:
        raise ValueError(f"nothing to measure: images, points, thresholds {shape}")
    bits, gvif, mse = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for n, (name, photo) in enumerate(photos):
        blocks = on_blocks(importance(photo, name), *photo.shape[:2])
        keeps = [blocks >= alpha for alpha in alphas]  # Eq. 17
        reference = bank.scales(photo, bank.points[0])
        for p, point in enumerate(points):
            share = gvif_of_blocks(reference, bank.scales(photo, point))
            seen: dict[bytes, tuple[float, float]] = {}
            for a, keep in enumerate(keeps):
                key = keep.tobytes()
                if key not in seen:
                    seen[key] = _rate_and_distortion(bank, photo, point, keep)
                bits[n, p, a], mse[n, p, a] = seen[key]
                gvif[n, p, a] = min(1.0, float(share[keep].sum()))
            step(f"{name} point {point}")
    height, width = (max(photo.shape[side] for _, photo in photos) for side in (0, 1))
    source = (
        f"{bank.name} {bank.sha256[:12]}, {len(photos)} images, {importance.name}, "
        f"at most {width}x{height} pixels"
    )
    return Family(tuple(points), np.array(alphas, dtype=float), bits, gvif, mse, source)


def _rate_and_distortion(bank: Bank, photo: Photo, point: int, keep: Mask) -> tuple[float, float]:
    """Bits of the container and mean squared error of the pixels kept."""
    data = bank.encode(photo, point, None if keep.all() else keep).data
    bits = 8.0 * len(data)
    if not keep.any():
        return bits, 0.0
    kept = keep.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)[: photo.shape[0], : photo.shape[1]]
    error = bank.decode(data).image[kept].astype(np.float64) - photo[kept]
    return bits, float(np.square(error).mean())
