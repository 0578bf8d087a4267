"""Tables of decoded against refined images over a folder of photos.

``python -m gensc_models.training.evaluation.refiner --refiner NAME --codec NAME --data DIR``
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from gensc_models.channels.single import CHANNELS
from gensc_models.codecs.jscc import JsccCodec, load_jscc
from gensc_models.data.photos import Photo, centre_crop, crop_to_blocks, load_photo, photo_files
from gensc_models.metrics.fidelity import ms_ssim, psnr
from gensc_models.restore.refiner import Refiner, load_refiner
from gensc_models.training.evaluation.photo import send_through


@dataclass(frozen=True)
class RefinedPoint:
    """Means over photos of the per-image PSNR in dB and MS-SSIM, decoded and refined.

    ``better`` is the share of the photos whose PSNR the refiner raised.
    """

    codec: str
    refiner: str
    channel: str
    rate: int
    snr_db: float
    psnr_decoded: float
    psnr_refined: float
    ms_ssim_decoded: float
    ms_ssim_refined: float
    better: float
    photos: int


def evaluate_point(
    codec: JsccCodec,
    refiner: Refiner,
    photos: Sequence[Photo],
    rate: int,
    snr_db: float,
    channel: str = "awgn",
    seed: int = 1,
) -> RefinedPoint:
    """One operating point; photo ``i`` meets the noise of ``seed + i``.

    The refiner is told the SNR of the channel, which over a fading one is only its mean.
    """
    rows = []
    for i, photo in enumerate(photos):
        decoded = send_through(codec, photo, channel, rate, snr_db, seed + i)
        refined = refiner.refine(decoded, snr_db)
        rows.append([f(photo, image) for f in (psnr, ms_ssim) for image in (decoded, refined)])
    table = np.array(rows)
    before, after, structure_before, structure_after = (float(v) for v in table.mean(axis=0))
    better = float((table[:, 1] > table[:, 0]).mean())
    return RefinedPoint(
        codec.name, refiner.name, channel, rate, snr_db, round(before, 3), round(after, 3),
        round(structure_before, 5), round(structure_after, 5), round(better, 3), len(photos),
    )  # fmt: skip


def markdown_table(points: Iterable[RefinedPoint]) -> str:
    """One row per operating point."""
    lines = [
        "| CBR | SNR | PSNR decoded | refined | gain | MS-SSIM decoded | refined | improved |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for p in points:
        gain = p.psnr_refined - p.psnr_decoded
        lines.append(
            f"| 1/{768 / p.rate:g} | {p.snr_db:g} dB | {p.psnr_decoded:.2f} | {p.psnr_refined:.2f} "
            f"| {gain:+.3f} | {p.ms_ssim_decoded:.4f} | {p.ms_ssim_refined:.4f} "
            f"| {round(p.better * p.photos)} of {p.photos} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: prints JSON lines, one per operating point, and then the Markdown table."""
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.evaluation.refiner", description=__doc__
    )
    parser.add_argument("--refiner", default="refiner-photo", help="weights, by name or folder")
    parser.add_argument("--codec", default="deepjscc-photo", help="weights, by name or folder")
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--prefix", default="", help="only files whose name starts so")
    parser.add_argument("--limit", type=int, default=None, help="only the first N photos")
    parser.add_argument("--crop", type=int, default=None, help="only the central N x N pixels")
    parser.add_argument("--channel", default="awgn", choices=CHANNELS)
    parser.add_argument("--rates", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--snrs", type=float, nargs="+", default=[0.0, 5.0, 10.0, 15.0])
    options = parser.parse_args(arguments)
    files = [f for f in photo_files(options.data) if f.name.startswith(options.prefix)]
    photos = [load_photo(f) for f in files[: options.limit]]
    photos = [crop_to_blocks(centre_crop(p, options.crop or max(p.shape))) for p in photos]
    codec, refiner = load_jscc(options.codec), load_refiner(options.refiner)
    points = []
    for rate in options.rates:
        for snr_db in options.snrs:
            point = evaluate_point(codec, refiner, photos, rate, snr_db, options.channel)
            print(json.dumps(asdict(point)), flush=True)
            points.append(point)
    print(markdown_table(points))


if __name__ == "__main__":
    main()
