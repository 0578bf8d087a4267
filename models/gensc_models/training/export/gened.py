"""Makes weights of a dual-branch codec's checkpoint: ``python -m
gensc_models.training.export.gened``.

The averaged weights of the run; a matching module that learned beside them stays behind.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from gensc_models.codecs.gened.codec import GenedCodec, GenedCodecConfig
from gensc_models.codecs.gened.config import GenedConfig
from gensc_models.training.export.common import read_averaged
from gensc_models.weights.store import load_into

NAME = "gened-photo"
PREFIX = "network."


def export(checkpoint: Path, out: Path, name: str = NAME, importance: str = "") -> Path:
    """Writes ``out/name`` and returns it; ``importance`` as in :class:`GenedCodecConfig`.

    Raises
    ------
    WeightsError
        The checkpoint cannot be read or does not fit the config it carries.
    """
    config, average = read_averaged(checkpoint, lambda c: GenedConfig.from_json(c["network"]))
    codec = GenedCodec(GenedCodecConfig(name, importance=importance, network=config))
    tensors = {k.removeprefix(PREFIX): v for k, v in average.items() if k.startswith(PREFIX)}
    load_into(codec.network, tensors, str(checkpoint))
    codec.save_pretrained(out / name)
    return out / name


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the export."""
    parser = argparse.ArgumentParser(prog="gensc_models.training.export.gened", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint.pt of a run")
    parser.add_argument("--out", type=Path, required=True, help="folder of the weights folders")
    parser.add_argument("--name", default=NAME)
    parser.add_argument("--importance", default="", help="saliency network that gives the score")
    options = parser.parse_args(arguments)
    print(export(options.checkpoint, options.out, options.name, options.importance))


if __name__ == "__main__":
    main()
