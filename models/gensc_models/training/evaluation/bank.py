"""Rate and distortion over a folder: ``python -m gensc_models.training.evaluation.bank --data
DIR``.

Real streams, decoded again: bytes, PSNR, measured against estimated bits, milliseconds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from gensc_models.codecs.bank.codec import HyperpriorCodec
from gensc_models.data.photos import Photo, load_photo, photo_files
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


def table(results: Sequence[RateDistortion]) -> str:
    """Lines for reading."""
    lines = ["point    bpp   PSNR  z share  excess  header  encode  decode"]
    lines += [
        f"{r.point:5d} {r.bpp:6.3f} {r.psnr:6.2f} {r.z_share:7.1%} {r.excess:7.2%} "
        f"{r.header_bits:7.0f} {r.encode_ms:4.0f} ms {r.decode_ms:4.0f} ms"
        for r in results
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.evaluation.bank", description=__doc__
    )
    parser.add_argument("--model", default="hyperprior", help="name or folder of the weights")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of photos")
    parser.add_argument("--prefix", default="", help="only files whose name starts so")
    parser.add_argument("--limit", type=int, default=20, help="photos at most")
    parser.add_argument("--points", type=int, nargs="*", help="operating points (default: all)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    files = [f for f in photo_files(options.data) if f.name.startswith(options.prefix)]
    photos = [load_photo(f) for f in files[: options.limit]]
    if not photos:
        parser.error(f"no photo starts with '{options.prefix}'")
    codec = HyperpriorCodec.from_pretrained(options.model)
    results = evaluate(codec, photos, options.points or codec.points)
    print(json.dumps([asdict(r) for r in results]) if options.json else table(results))


if __name__ == "__main__":
    main()
