"""Turns a training checkpoint into weights: ``python -m gensc_models.hyperprior.export``."""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Sequence
from pathlib import Path

import torch
from gensc_models.hyperprior.codec import KIND, HyperpriorCodec
from gensc_models.hyperprior.network import HyperpriorNetwork
from gensc_models.hyperprior.transforms import HyperpriorConfig
from gensc_models.weights import WeightsError, load_into


def load_checkpoint(checkpoint: Path) -> HyperpriorNetwork:
    """The averaged network of a run.

    Raises
    ------
    WeightsError
        The checkpoint cannot be read or does not fit the config it carries.
    """
    try:
        state = torch.load(checkpoint, weights_only=True, map_location="cpu")
        network = HyperpriorNetwork(HyperpriorConfig(**state["config"]))
        average = state["average"]
    except (OSError, RuntimeError, KeyError, TypeError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"unusable checkpoint {checkpoint}: {reason}") from error
    load_into(network, average, str(checkpoint))
    return network.eval()


def export(checkpoint: Path, out: Path, name: str = KIND) -> Path:
    """Writes ``out/name`` and returns that folder; errors as :func:`load_checkpoint`."""
    codec = HyperpriorCodec.from_network(load_checkpoint(checkpoint), name)
    codec.save_pretrained(out / name)
    return out / name


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="gensc_models.hyperprior.export", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint.pt of a run")
    parser.add_argument("--out", type=Path, required=True, help="folder of the weights folders")
    parser.add_argument("--name", default=KIND)
    options = parser.parse_args(arguments)
    print(export(options.checkpoint, options.out, options.name))


if __name__ == "__main__":
    main()
