"""PSNR tables of a codec over a folder of photos through the torch-only channels.

``python -m gensc_models.training.evaluation.photo --codec deepjscc-photo --data DIR --prefix
test_``

The command crops every photo to multiples of 16 pixels, so that the CBR is the nominal one.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from gensc_models.channels.single import CHANNELS, CSI, simulate
from gensc_models.codecs.jscc import JsccCodec, load_jscc
from gensc_models.data.photos import Photo, crop_to_blocks, load_photo, photo_files
from gensc_models.metrics.fidelity import psnr

TABLE_RATES = (16, 32, 64, 128)
TABLE_SNRS_DB = (0.0, 5.0, 10.0, 15.0, 20.0)


@dataclass(frozen=True)
class TablePoint:
    """Mean over photos of the per-image PSNR (uint8) at one operating point."""

    codec: str
    channel: str
    csi: str
    rate: int
    snr_db: float
    erased: float
    psnr_db: float
    photos: int


def send_through(
    codec: JsccCodec,
    photo: Photo,
    channel: str,
    rate: int,
    snr_db: float,
    seed: int,
    erased: float = 0.0,
) -> Photo:
    """One photo over a simulated channel with a generator of its own, so that it reproduces.

    ``erased`` is the fraction of symbols that are lost besides, at random places.
    """
    sent = codec.encode_image(photo, rate, snr_db)
    generator = torch.Generator().manual_seed(seed)
    received, noise_var = simulate(torch.from_numpy(sent.symbols), channel, snr_db, generator)
    lost = torch.rand(len(noise_var), generator=generator) < erased
    received, noise_var = received.masked_fill(lost, 0.0), noise_var.masked_fill(lost, math.inf)
    return codec.decode_image(sent.received(received.numpy(), noise_var.numpy()))


def evaluate(
    codec: JsccCodec,
    photos: Sequence[Photo],
    rates: Iterable[int] = TABLE_RATES,
    snrs_db: Iterable[float] = TABLE_SNRS_DB,
    channel: str = "awgn",
    seed: int = 1,
    erased: float = 0.0,
) -> list[TablePoint]:
    """A row per rate and SNR; photo ``i`` meets the same noise for every codec and point."""
    points = []
    for rate in rates:
        for snr_db in snrs_db:
            values = [
                psnr(photo, send_through(codec, photo, channel, rate, snr_db, seed + i, erased))
                for i, photo in enumerate(photos)
            ]
            mean = round(float(np.mean(values)), 3)
            points.append(
                TablePoint(codec.name, channel, CSI, rate, snr_db, erased, mean, len(photos))
            )
    return points


def markdown_table(points: Sequence[TablePoint], baseline: Sequence[TablePoint] = ()) -> str:
    """Rates down, SNRs across; a cell reads ``codec (baseline)`` where a baseline is given."""
    snrs = sorted({p.snr_db for p in points})
    beside = {(p.rate, p.snr_db): p.psnr_db for p in baseline}
    lines = [
        "| CBR | " + " | ".join(f"{snr:g} dB" for snr in snrs) + " |",
        "|---|" + "---|" * len(snrs),
    ]
    for rate in sorted({p.rate for p in points}):
        row = {p.snr_db: p.psnr_db for p in points if p.rate == rate}
        cells = [
            f"{row[snr]:.2f}" + (f" ({beside[rate, snr]:.2f})" if beside else "") for snr in snrs
        ]
        lines.append(f"| {rate}/768 = 1/{768 / rate:g} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: prints JSON lines, one per operating point, or a Markdown table."""
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.evaluation.photo", description=__doc__
    )
    parser.add_argument("--codec", default="deepjscc-photo", help="weights, by name or folder")
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--prefix", default="", help="only files whose name starts so")
    parser.add_argument("--channel", default="awgn", choices=CHANNELS)
    parser.add_argument("--rates", type=int, nargs="+", default=list(TABLE_RATES))
    parser.add_argument("--snrs", type=float, nargs="+", default=list(TABLE_SNRS_DB))
    parser.add_argument("--erase", type=float, default=0.0, help="fraction of symbols lost")
    parser.add_argument("--limit", type=int, default=None, help="only the first N photos")
    parser.add_argument("--table", action="store_true", help="print one Markdown table instead")
    parser.add_argument("--baseline", help="weights whose PSNR stands in brackets in the table")
    options = parser.parse_args(arguments)
    files = [f for f in photo_files(options.data) if f.name.startswith(options.prefix)]
    photos = [crop_to_blocks(load_photo(f)) for f in files[: options.limit]]
    codec = load_jscc(options.codec)
    how = {"channel": options.channel, "erased": options.erase}
    if options.table:
        names = [options.codec, *([options.baseline] if options.baseline else [])]
        tables = [
            evaluate(load_jscc(name), photos, options.rates, options.snrs, **how) for name in names
        ]
        print(markdown_table(*tables))
        return
    for rate in options.rates:
        for point in evaluate(codec, photos, [rate], options.snrs, **how):
            print(json.dumps(asdict(point)), flush=True)


if __name__ == "__main__":
    main()
