"""A checkpoint of a Swin JSCC to weights: ``python -m gensc_models.training.export.swin``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from gensc_models.codecs.jscc import CodecConfig
from gensc_models.codecs.layout import MAX_RATE
from gensc_models.codecs.swin.network import CIFAR, PHOTO
from gensc_models.training.export.photo import learned_codec, read_checkpoint

IDENTITIES = {
    "cifar": CodecConfig("swin-cifar", rates=(MAX_RATE,), network=CIFAR),
    "photo": CodecConfig("swin-photo", network=PHOTO),
}


def export(preset: str, checkpoint: Path, out: Path) -> Path:
    """Writes the folder of the preset's codec below ``out`` and returns it.

    Raises
    ------
    WeightsError
        The checkpoint cannot be read or is not of a Swin JSCC.
    """
    codec = learned_codec(read_checkpoint(checkpoint), IDENTITIES[preset], checkpoint)
    folder = out / codec.name
    codec.save_pretrained(folder)
    return folder


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="gensc_models.training.export.swin", description=__doc__)
    parser.add_argument("preset", choices=IDENTITIES)
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint.pt of a run")
    parser.add_argument("--out", type=Path, required=True, help="folder of the weights folders")
    options = parser.parse_args(arguments)
    print(export(options.preset, options.checkpoint, options.out))


if __name__ == "__main__":
    main()
