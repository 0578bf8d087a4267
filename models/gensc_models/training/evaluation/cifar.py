"""PSNR of a codec on CIFAR-10, many images at once, in both conventions of the literature.

``python -m gensc_models.training.evaluation.cifar --codec deepjscc-cifar --data CIFAR10 --table``

This project states the mean of the images' PSNRs. DeepJSCC publications state the PSNR of the mean
squared error over all images, which is lower by about half a decibel; a figure of one kind must
not be held against one of the other.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gensc_models.channels.single import CHANNELS, CSI, simulate
from gensc_models.codecs.jscc import JsccCodec, load_jscc
from gensc_models.codecs.layout import MAX_PRECISION, MAX_RATE, SideInfo
from gensc_models.data.cifar import ImageSet, load_cifar

BATCH = 250
TABLE_SNRS_DB = (0.0, 1.0, 4.0, 5.0, 7.0, 10.0, 13.0, 15.0, 16.0)


@dataclass(frozen=True)
class CifarPoint:
    """Both PSNRs (uint8, dB) over ``images`` images at one operating point."""

    codec: str
    sha256: str
    source: str
    channel: str
    csi: str
    rate: int
    snr_db: float
    mean_psnr_db: float
    psnr_of_mean_mse_db: float
    images: int


def _send(
    channels: Tensor, rate: int, channel: str, snr_db: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Real channels ``B x 256 x h x w`` through a channel: as received, and their precision."""
    count, _, height, width = channels.shape
    symbols = channels[:, : 2 * rate].reshape(count, rate, 2, height * width).transpose(2, 3)
    row = symbols.reshape(count, -1, 2) / math.sqrt(2.0)
    heard, noise_var = simulate(row, channel, snr_db, generator)
    heard = heard.reshape(count, rate, height * width, 2) * math.sqrt(2.0)
    received, precision = torch.zeros_like(channels), torch.zeros_like(channels)
    received[:, : 2 * rate] = heard.transpose(2, 3).reshape(count, 2 * rate, height, width)
    weight = noise_var.clamp_min(1.0 / MAX_PRECISION).reciprocal()
    weight = weight.reshape(count, rate, height, width)
    precision[:, : 2 * rate] = weight.repeat_interleave(2, dim=1)
    return received, precision


@torch.inference_mode()
def decode_through(
    codec: JsccCodec,
    images: NDArray[np.uint8],
    rate: int,
    snr_db: float,
    channel: str = "awgn",
    seed: int = 1,
) -> NDArray[np.uint8]:
    """Images ``N x H x W x 3`` (sides in multiples of 16) as they arrive, with perfect CSI.

    The encoder is told the true SNR, and the side information is rounded as in a burst.

    Raises
    ------
    ValueError
        A rate that the codec does not have, or an unknown channel.
    """
    generator = torch.Generator().manual_seed(seed)
    decoded = []
    for start in range(0, len(images), BATCH):
        part = torch.from_numpy(images[start : start + BATCH])
        image = part.permute(0, 3, 1, 2).float() / 255.0
        rates = torch.full((len(image),), rate)
        design = torch.full((len(image),), SideInfo.quantise(1.0, snr_db).snr_db)
        sent, scale = codec.network.encode(image, design, rates)
        told = [SideInfo.quantise(s, snr_db).scale for s in scale.tolist()]
        received, precision = _send(sent, rate, channel, snr_db, generator)
        out = codec.network.decode(received, precision, torch.tensor(told), design, rates)
        pixels = (out.clamp(0.0, 1.0) * 255.0).round().to(torch.uint8)
        decoded.append(pixels.permute(0, 2, 3, 1).numpy())
    return np.concatenate(decoded)


def evaluate_images(
    codec: JsccCodec,
    images: ImageSet,
    snrs_db: Sequence[float] = TABLE_SNRS_DB,
    rate: int = MAX_RATE,
    channel: str = "awgn",
    seed: int = 1,
) -> list[CifarPoint]:
    """A point per SNR; every codec meets the same noise.

    Raises
    ------
    ValueError
        As :func:`decode_through`.
    """
    points = []
    for snr_db in snrs_db:
        decoded = decode_through(codec, images.images, rate, snr_db, channel, seed)
        error = decoded.astype(np.float64) - images.images
        mse = np.square(error / 255.0).mean(axis=(1, 2, 3)).clip(1e-10)
        points.append(
            CifarPoint(
                codec.name, codec.sha256, images.source, channel, CSI, rate, snr_db,
                round(float(-10.0 * np.log10(mse).mean()), 3),
                round(float(-10.0 * np.log10(mse.mean())), 3),
                len(images.images),
            )
        )  # fmt: skip
    return points


def markdown_table(points: Sequence[CifarPoint]) -> str:
    """A row per point."""
    lines = [
        "| Channel | SNR | mean of PSNRs | PSNR of mean error |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {p.channel} | {p.snr_db:g} dB | {p.mean_psnr_db:.2f} | {p.psnr_of_mean_mse_db:.2f} |"
        for p in points
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: prints JSON lines, one per SNR, or a Markdown table."""
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.evaluation.cifar", description=__doc__
    )
    parser.add_argument("--codec", default="swin-cifar", help="weights, by name or folder")
    parser.add_argument("--data", type=Path, required=True, help="folder or pack of CIFAR-10")
    parser.add_argument("--channel", default="awgn", choices=CHANNELS)
    parser.add_argument("--rate", type=int, default=MAX_RATE, help="symbols per 16x16 pixels")
    parser.add_argument("--snrs", type=float, nargs="+", default=list(TABLE_SNRS_DB))
    parser.add_argument("--limit", type=int, default=None, help="only the first N images")
    parser.add_argument("--table", action="store_true", help="print one Markdown table instead")
    options = parser.parse_args(arguments)
    codec, images = (
        load_jscc(options.codec),
        load_cifar(options.data, "test", options.limit),
    )
    points = []
    for snr_db in options.snrs:
        points += evaluate_images(codec, images, [snr_db], options.rate, options.channel)
        if not options.table:
            print(json.dumps(asdict(points[-1])), flush=True)
    if options.table:
        print(markdown_table(points))


if __name__ == "__main__":
    main()
