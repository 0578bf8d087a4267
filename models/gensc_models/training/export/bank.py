"""Turns a training checkpoint into weights: ``python -m gensc_models.training.export.bank``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from gensc_models.codecs.bank.codec import KIND, HyperpriorCodec
from gensc_models.codecs.bank.network import HyperpriorNetwork
from gensc_models.codecs.bank.transforms import HyperpriorConfig
from gensc_models.training.export.common import read_averaged
from gensc_models.weights.store import load_into


def load_checkpoint(checkpoint: Path) -> HyperpriorNetwork:
    """The averaged network of a run.

    Raises
    ------
    WeightsError
        The checkpoint cannot be read or does not fit the config it carries.
    """
    config, average = read_averaged(checkpoint, lambda c: HyperpriorConfig(**c))
    network = HyperpriorNetwork(config)
    load_into(network, average, str(checkpoint))
    return network.eval()


def export(checkpoint: Path, out: Path, name: str = KIND) -> Path:
    """Writes ``out/name`` and returns that folder; errors as :func:`load_checkpoint`."""
    codec = HyperpriorCodec.from_network(load_checkpoint(checkpoint), name)
    codec.save_pretrained(out / name)
    return out / name


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="gensc_models.training.export.bank", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint.pt of a run")
    parser.add_argument("--out", type=Path, required=True, help="folder of the weights folders")
    parser.add_argument("--name", default=KIND)
    options = parser.parse_args(arguments)
    print(export(options.checkpoint, options.out, options.name))


if __name__ == "__main__":
    main()
