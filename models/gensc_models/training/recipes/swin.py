"""Trains the Swin JSCC codecs of GSC: ``python -m gensc_models.training.recipes.swin PRESET --data
... --out``.

``cifar`` is the paper's set-up (32x32, CBR 1/6, AWGN and block Rayleigh fading, one model for 0 to
15 dB), grown around the weights ``deepjscc-cifar``; ``photo`` covers CBR 1/48 to 1/6 for any size.
The loop is that of :mod:`gensc_models.training.recipes.photo`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gensc_models.codecs.layout import MAX_RATE
from gensc_models.codecs.swin.network import CIFAR, PHOTO
from gensc_models.training.channel import OperatingRange
from gensc_models.training.recipes.photo import TrainConfig, train

PRESETS = ("cifar", "photo")
CIFAR_SNRS_DB = (0.0, 4.0, 7.0, 10.0, 13.0, 15.0)


def preset(name: str, data: Sequence[Path], out: Path) -> TrainConfig:
    """The training run of a preset; change what is needed with :func:`dataclasses.replace`.

    Raises
    ------
    ValueError
        Unknown preset.
    """
    if name not in PRESETS:
        raise ValueError(f"preset {name!r}: must be one of {', '.join(PRESETS)}")
    base = TrainConfig(data=tuple(data), out=out, learning_rate=1e-3, muon_rate=6e-3)
    if name == "photo":
        return replace(base, model=PHOTO, crop_shapes=((128, 6, 0.92), (64, 24, 0.08)))
    return replace(
        base,
        model=CIFAR,
        base="deepjscc-cifar",
        points=OperatingRange(
            0.0, 16.0, (MAX_RATE,), block=0.25, fast=0.0, selective=0.05, lossy=0.05
        ),
        ema=0.997,
        crop_shapes=((32, 32, 1.0),),
        validation_photos=500,
        validation_points=tuple((MAX_RATE, snr) for snr in CIFAR_SNRS_DB),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the trainer."""
    parser = argparse.ArgumentParser(prog="gensc_models.training.recipes.swin", description=__doc__)
    parser.add_argument("preset", choices=PRESETS)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="photos or CIFAR-10")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoint and log")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--start", metavar="WEIGHTS", help="weights of the codec to go on from")
    parser.add_argument("--base", metavar="WEIGHTS", help="DeepJSCC to grow around (cifar)")
    parser.add_argument("--exclude-prefix", nargs="*", default=[], help="file names to leave out")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--max-steps", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bfloat16", action="store_true", help="mixed precision, where it is fast")
    options = parser.parse_args(arguments)
    chosen = preset(options.preset, options.data, options.out)
    config = replace(
        chosen,
        base=options.base or chosen.base,
        minutes=options.minutes,
        start=options.start,
        exclude_prefix=tuple(options.exclude_prefix),
        threads=options.threads,
        max_steps=options.max_steps,
        device=options.device,
        bfloat16=options.bfloat16,
    )
    train(config)


if __name__ == "__main__":
    main()
