"""Cuts a refiner's correction to what no codec is harmed by.

``python -m gensc_models.calibrate_refiner --refiner NAME --codec NAME... --data DIR --out DIR``
sends photos through every codec at every rate and SNR of the calibration, solves for the share of
the correction to apply (:func:`gensc_models.refiner.calibration.fit_applied`), and writes the
same weights with these shares in their config. Photos that tables are measured on must stay out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from gensc_models.codec import JsccCodec, load_codec
from gensc_models.photos import centre_crop, load_photo, photo_files, to_tensor
from gensc_models.refiner import Refiner, load_refiner
from gensc_models.refiner.calibration import fit_applied
from gensc_models.refiner.config import CALIBRATION_SNRS_DB
from gensc_models.refiner.pairs import Pairs, validation_pairs
from torch import Tensor


def pairs_of(codec: JsccCodec, images: Sequence[Tensor], rate: int) -> Pairs:
    """Every image (``1 x 3 x S x S`` in [0, 1]) at every SNR of the calibration, over AWGN."""
    each = [
        pair
        for snr_db in CALIBRATION_SNRS_DB
        for pair in validation_pairs(codec, images, (rate,), snr_db, seed=int(snr_db))
    ]
    return Pairs(*(torch.cat(column) for column in zip(*each, strict=True)))


def calibrated(
    refiner: Refiner, codecs: Sequence[JsccCodec], images: Sequence[Tensor], rates: Sequence[int]
) -> Refiner:
    """The same refiner with the shares that suit all codecs and rates."""
    config = replace(refiner.config, applied=type(refiner.config)().applied)
    whole = Refiner(refiner.name, config)
    whole.load_state_dict(refiner.state_dict())
    groups = [pairs_of(codec, images, rate) for codec in codecs for rate in rates]
    applied = fit_applied(whole.network, groups)
    result = Refiner(refiner.name, replace(config, applied=applied))
    result.load_state_dict(refiner.state_dict())
    return result


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: writes the weights folder and prints the shares."""
    parser = argparse.ArgumentParser(prog="gensc_models.calibrate_refiner", description=__doc__)
    parser.add_argument("--refiner", default="refiner-photo", help="weights, by name or folder")
    parser.add_argument("--codec", nargs="+", required=True, help="weights, by name or folder")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders of photos")
    parser.add_argument("--exclude-prefix", nargs="*", default=[], help="file names to leave out")
    parser.add_argument("--photos", type=int, default=16, help="evenly from all files")
    parser.add_argument("--side", type=int, default=256, help="of the square cut from each")
    parser.add_argument("--rates", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--out", type=Path, required=True, help="weights folder to write")
    options = parser.parse_args(arguments)
    files = photo_files(options.data, tuple(options.exclude_prefix))
    chosen = files[:: max(1, len(files) // options.photos)][: options.photos]
    images = [to_tensor(centre_crop(load_photo(file), options.side)) for file in chosen]
    codecs = [load_codec(name) for name in options.codec]
    refiner = calibrated(load_refiner(options.refiner), codecs, images, options.rates)
    refiner.save_pretrained(options.out)
    print(dict(zip(CALIBRATION_SNRS_DB, refiner.config.applied, strict=True)))


if __name__ == "__main__":
    main()
