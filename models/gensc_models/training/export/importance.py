"""Turns a training checkpoint into weights: ``python -m gensc_models.training.export.importance``.

Knows both networks by what the checkpoint says of them.
"""

from __future__ import annotations

import argparse
import pickle
import zipfile
from collections.abc import Sequence
from pathlib import Path

import torch

from gensc_models.semantics.importance.classifier import Classifier, ClassifierConfig
from gensc_models.semantics.importance.saliency import SaliencyConfig, SaliencyNetwork
from gensc_models.weights.store import WeightsError, load_into


def load_checkpoint(checkpoint: Path, name: str) -> Classifier | SaliencyNetwork:
    """The averaged network of a run.

    Raises
    ------
    WeightsError
        The checkpoint cannot be read or does not fit the config it carries.
    """
    # Of a file that is no archive torch complains in many ways.
    if not zipfile.is_zipfile(checkpoint):
        raise WeightsError(f"unusable checkpoint {checkpoint}: no such file, or not one of torch")
    try:
        state = torch.load(checkpoint, weights_only=True, map_location="cpu")
        config, average = state["config"], state["average"]
        network: Classifier | SaliencyNetwork
        if "classes" in config:
            network = Classifier(ClassifierConfig(**config), name)
        else:
            network = SaliencyNetwork(SaliencyConfig(**config), name)
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, pickle.PickleError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"unusable checkpoint {checkpoint}: {reason}") from error
    load_into(network, average, str(checkpoint))
    return network


def export(checkpoint: Path, folder: Path) -> Path:
    """Writes the averaged weights of a run; the folder's name becomes the network's."""
    load_checkpoint(checkpoint, folder.name).save_pretrained(folder)
    return folder


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.export.importance", description=__doc__
    )
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint.pt of a run")
    parser.add_argument("--out", type=Path, required=True, help="weights folder, named as they are")
    options = parser.parse_args(arguments)
    print(export(options.checkpoint, options.out))


if __name__ == "__main__":
    main()
