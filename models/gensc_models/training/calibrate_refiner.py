"""Cuts a refiner's correction to what no codec is harmed by.

``python -m gensc_models.training.calibrate_refiner --refiner NAME --codec NAME... --data DIR --out
DIR`` (or ``--cifar CIFAR10``) sends images through every codec at every rate and SNR of the
calibration, solves for the share of the correction to apply
(:func:`gensc_models.restore.refiner.calibration.fit_applied`), and writes the same weights with
these shares in their config. Photos that tables are measured on must stay out; of CIFAR-10 the last
training images are taken.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from gensc_models.codecs.jscc import JsccCodec, load_jscc
from gensc_models.codecs.layout import SideInfo
from gensc_models.data.cifar import load_cifar
from gensc_models.data.photos import centre_crop, load_photo, photo_files, to_tensor
from gensc_models.restore.refiner import Refiner, load_refiner
from gensc_models.restore.refiner.calibration import fit_applied
from gensc_models.restore.refiner.config import CALIBRATION_SNRS_DB
from gensc_models.restore.refiner.pairs import Pairs, transmit


@dataclass(frozen=True)
class Links:
    """What images are sent through: rates, and by how many dB they fade below the SNR expected."""

    rates: tuple[int, ...] = (32, 64)
    fades_db: tuple[float, ...] = (0.0,)


def pairs_of(codec: JsccCodec, images: Tensor, rate: int, fade_db: float) -> Pairs:
    """Images ``N x 3 x S x S`` in [0, 1], each received at every SNR of the calibration."""
    rates = torch.full((len(images),), rate)
    decoded, original, met = [], (images * 255.0).round().to(torch.uint8), []
    for snr_db in CALIBRATION_SNRS_DB:
        generator = torch.Generator().manual_seed(round(snr_db))
        snr = torch.full((len(images),), snr_db)
        design = (snr + fade_db).clamp_max(SideInfo.SNR_HIGH_DB)
        decoded.append(transmit(codec, images, snr, design, rates, generator))
        met.append(snr)
    return Pairs(torch.cat(decoded), original.repeat(len(met), 1, 1, 1), torch.cat(met))


def calibrated(
    refiner: Refiner, codecs: Sequence[JsccCodec], images: Tensor, links: Links
) -> Refiner:
    """The same refiner with the shares that suit all codecs, rates and fades."""
    config = replace(refiner.config, applied=type(refiner.config)().applied)
    whole = Refiner(refiner.name, config)
    whole.load_state_dict(refiner.state_dict())
    groups = [
        pairs_of(codec, images, rate, fade_db)
        for codec in codecs
        for rate in links.rates
        for fade_db in links.fades_db
    ]
    result = Refiner(refiner.name, replace(config, applied=fit_applied(whole.network, groups)))
    result.load_state_dict(refiner.state_dict())
    return result


def load_images(options: argparse.Namespace) -> Tensor:
    """The images asked for, ``N x 3 x S x S`` in [0, 1]."""
    if options.cifar is not None:
        images = load_cifar(options.cifar, "train").images[-options.images :]
    else:
        files = photo_files(options.data, tuple(options.exclude_prefix))
        files = files[:: max(1, len(files) // options.images)][: options.images]
        images = [centre_crop(load_photo(file), options.side) for file in files]
    return torch.cat([to_tensor(image) for image in images])


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: writes the weights folder and prints the shares."""
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.calibrate_refiner", description=__doc__
    )
    parser.add_argument("--refiner", default="refiner-photo", help="weights, by name or folder")
    parser.add_argument("--codec", nargs="+", required=True, help="weights, by name or folder")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, nargs="+", help="folders of photos")
    source.add_argument("--cifar", type=Path, help="folder or pack of CIFAR-10")
    parser.add_argument("--exclude-prefix", nargs="*", default=[], help="file names to leave out")
    parser.add_argument("--images", type=int, default=16, help="photos evenly from all files")
    parser.add_argument("--side", type=int, default=256, help="of the square cut from each photo")
    parser.add_argument("--rates", type=int, nargs="+", default=Links.rates)
    parser.add_argument("--fades", type=float, nargs="+", default=Links.fades_db, metavar="DB")
    parser.add_argument("--out", type=Path, required=True, help="weights folder to write")
    options = parser.parse_args(arguments)
    codecs = [load_jscc(name) for name in options.codec]
    links = Links(tuple(options.rates), tuple(options.fades))
    refiner = calibrated(load_refiner(options.refiner), codecs, load_images(options), links)
    refiner.save_pretrained(options.out)
    print(dict(zip(CALIBRATION_SNRS_DB, refiner.config.applied, strict=True)))


if __name__ == "__main__":
    main()
