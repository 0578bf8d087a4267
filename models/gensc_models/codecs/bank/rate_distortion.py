"""Rate and distortion of the codec bank over photos.

Real streams, decoded again: bytes, PSNR, measured against estimated bits, milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from gensc_models.codecs.bank.codec import HyperpriorCodec
from gensc_models.data.photos import Photo
from gensc_models.metrics.fidelity import psnr


@dataclass(frozen=True)
class RateDistortion:
    """Means over images of one operating point.

    ``bpp`` counts all bytes of the streams; ``excess`` is how many more bits latents and
    hyper-latents took than the likelihood says, as a fraction.
    """

    point: int
    images: int
    bpp: float
    psnr: float
    z_share: float
    excess: float
    header_bits: float
    encode_ms: float
    decode_ms: float


def evaluate(
    codec: HyperpriorCodec, photos: Sequence[Photo], points: Sequence[int]
) -> list[RateDistortion]:
    """Codes and decodes every photo at every point."""
    results = []
    for point in points:
        rows = [_measure(codec, photo, point) for photo in photos]
        mean = dict(zip(_FIELDS, np.mean(rows, axis=0).tolist(), strict=True))
        results.append(
            RateDistortion(
                point=point,
                images=len(photos),
                bpp=mean["bpp"],
                psnr=mean["psnr"],
                z_share=mean["z"] / mean["bits"],
                excess=(mean["yz"] - mean["estimate"]) / mean["estimate"],
                header_bits=mean["header"],
                encode_ms=mean["encode"],
                decode_ms=mean["decode"],
            )
        )
    return results


def times(codec: HyperpriorCodec, photo: Photo, point: int, repeats: int) -> tuple[float, float]:
    """Milliseconds of encoder and decoder, each the median of ``repeats`` runs after a first."""
    runs = [evaluate(codec, [photo], [point])[0] for _ in range(repeats + 1)][1:]
    return median(run.encode_ms for run in runs), median(run.decode_ms for run in runs)


_FIELDS = ("bpp", "psnr", "bits", "z", "yz", "estimate", "header", "encode", "decode")


def _measure(codec: HyperpriorCodec, photo: Photo, point: int) -> tuple[float, ...]:
    start = time.perf_counter()
    sent = codec.encode(photo, point)
    middle = time.perf_counter()
    decoded = codec.decode(sent.data)
    end = time.perf_counter()
    guess = codec.estimate_bits(photo, point)
    return (
        8.0 * len(sent.data) / (photo.shape[0] * photo.shape[1]),
        psnr(photo, decoded.image),
        sent.bits.total,
        sent.bits.z,
        sent.bits.y + sent.bits.z,
        guess.y + guess.z,
        sent.bits.header,
        1e3 * (middle - start),
        1e3 * (end - middle),
    )
