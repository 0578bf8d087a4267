"""Foreground PSNR of the dual-branch codec beside other codecs at equal symbols.

``python -m gensc_models.training.evaluation.gened --images DIR --maps DIR --prefix test_``

The foreground is where the map of the photo is 128 or more: neither codec is told. The header
section of the dual-branch codec is counted in symbols; the others get as many symbols in all.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from gensc_models.channels.single import CHANNELS, CSI
from gensc_models.codecs.codec import symbols_for
from gensc_models.codecs.gened.codec import GenedCodec, load_gened
from gensc_models.codecs.jscc import load_jscc
from gensc_models.codecs.simulated import receive
from gensc_models.data.photos import BLOCK, crop_to_blocks
from gensc_models.metrics.fidelity import mask_psnr, psnr
from gensc_models.metrics.foreground import mask_iou
from gensc_models.semantics.importance.maps import MappedPhoto, load_mapped
from gensc_models.training.evaluation.photo import send_through

FOREGROUND_LEVEL = 128
TABLE_RATES = (16, 32, 64)
TABLE_SNRS_DB = (0.0, 5.0, 10.0, 15.0)


@dataclass(frozen=True)
class GenedPoint:
    """Means over photos at one operating point; PSNRs in dB on uint8 images, symbols per image.

    What only the dual-branch codec has is 0 for others.
    """

    codec: str
    channel: str
    csi: str
    rate: int
    snr_db: float
    foreground_psnr_db: float
    psnr_db: float
    foreground_symbols: float
    background_symbols: float
    side_symbols: float
    mask_bits: float
    mask_iou: float
    photos: int


def cropped(pairs: Sequence[MappedPhoto]) -> list[MappedPhoto]:
    """Photos and maps cut to multiples of 16 pixels; those without a foreground are left out."""
    out = []
    for pair in pairs:
        grey = crop_to_blocks(pair.map[..., None])[..., 0]
        if (grey >= FOREGROUND_LEVEL).any():
            out.append(MappedPhoto(pair.name, crop_to_blocks(pair.photo), grey))
    return out


def on_pixels(mask: np.ndarray) -> np.ndarray:
    """A mask per block as one per pixel."""
    return mask.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)


def _mean(name: str, channel: str, rate: int, snr_db: float, rows: Sequence[tuple]) -> GenedPoint:
    means = [round(float(m), 3) for m in np.mean(rows, axis=0)]
    return GenedPoint(name, channel, CSI, rate, snr_db, *means, len(rows))


def evaluate_gened(
    codec: GenedCodec,
    pairs: Sequence[MappedPhoto],
    points: Sequence[tuple[int, float]],
    channel: str = "awgn",
    seed: int = 1,
    told: bool = False,
) -> Iterator[GenedPoint]:
    """A row per (rate, SNR) for the dual-branch codec.

    ``told`` gives it the true foreground as its mask: what a perfect prediction would bring.
    """
    for rate, snr_db in points:
        rows = []
        for i, pair in enumerate(pairs):
            truth = pair.map >= FOREGROUND_LEVEL
            blocks = truth.reshape(truth.shape[0] // BLOCK, BLOCK, -1, BLOCK).any(axis=(1, 3))
            sent = codec.encode_image(pair.photo, rate, snr_db, blocks if told else None)
            image = receive(codec, sent, channel, snr_db, seed + i)
            rows.append(
                (
                    mask_psnr(pair.photo, image, truth),
                    psnr(pair.photo, image),
                    len(sent.foreground),
                    len(sent.background),
                    sent.side_symbols,
                    sent.mask_bits,
                    mask_iou(on_pixels(sent.importance.mask), truth),
                )
            )
        name = codec.name + (" (told)" if told else "")
        yield _mean(name, channel, rate, snr_db, rows)


def evaluate_other(
    name: str,
    pairs: Sequence[MappedPhoto],
    points: Sequence[tuple[int, float]],
    channel: str = "awgn",
    seed: int = 1,
) -> Iterator[GenedPoint]:
    """The same for another codec, by name or folder of its weights."""
    codec = load_jscc(name)
    for rate, snr_db in points:
        rows = []
        for i, pair in enumerate(pairs):
            image = send_through(codec, pair.photo, channel, rate, snr_db, seed + i)
            truth = pair.map >= FOREGROUND_LEVEL
            symbols = symbols_for(*pair.photo.shape[:2], rate)
            quality = mask_psnr(pair.photo, image, truth), psnr(pair.photo, image)
            rows.append((*quality, 0, symbols, 0, 0, 0))
        yield _mean(codec.name, channel, rate, snr_db, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: prints JSON lines, one per codec and operating point."""
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.evaluation.gened", description=__doc__
    )
    parser.add_argument("--codec", default="gened-photo", help="weights, by name or folder")
    parser.add_argument("--told", action="store_true", help="also with the true foreground")
    parser.add_argument("--beside", nargs="*", default=["deepjscc-photo", "swin-photo"])
    parser.add_argument("--images", type=Path, required=True, help="folder of photos")
    parser.add_argument("--maps", type=Path, required=True, help="folder of their maps (.png)")
    parser.add_argument("--prefix", default="", help="only photos whose name starts so")
    parser.add_argument("--channel", default="awgn", choices=CHANNELS)
    parser.add_argument("--rates", type=int, nargs="+", default=list(TABLE_RATES))
    parser.add_argument("--snrs", type=float, nargs="+", default=list(TABLE_SNRS_DB))
    parser.add_argument("--limit", type=int, default=None, help="only the first N photos")
    options = parser.parse_args(arguments)
    pairs = cropped(load_mapped(options.images, options.maps, (options.prefix,), options.limit))
    points = [(rate, snr) for rate in options.rates for snr in options.snrs]
    codec = load_gened(options.codec)
    runs = [evaluate_gened(codec, pairs, points, options.channel)]
    if options.told:
        runs.append(evaluate_gened(codec, pairs, points, options.channel, told=True))
    runs += [evaluate_other(name, pairs, points, options.channel) for name in options.beside]
    for run in runs:
        for point in run:
            print(json.dumps(asdict(point)), flush=True)


if __name__ == "__main__":
    main()
