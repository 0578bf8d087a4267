"""Turns a DeepJSCC checkpoint into weights: ``python -m gensc_models.training.export.deepjscc``.

Writes the folder ``deepjscc-cifar`` with the averaged networks of the run.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from gensc_models.codecs.deepjscc.network import DeepJsccConfig
from gensc_models.codecs.jscc import CodecConfig, JsccCodec
from gensc_models.codecs.layout import MAX_RATE
from gensc_models.weights.store import WeightsError, load_into

DEEPJSCC_CIFAR = CodecConfig("deepjscc-cifar", rates=(MAX_RATE,), network=DeepJsccConfig())


def export(checkpoint: Path, out: Path) -> Path:
    """Writes ``out/deepjscc-cifar`` and returns that folder.

    Raises
    ------
    WeightsError
        The checkpoint cannot be read, does not fit the config it carries, or its run has not
        come to all of its networks.
    """
    try:
        state = torch.load(checkpoint, weights_only=True)
        network = DeepJsccConfig(**state["config"])
        average, trained = state["average"], state["stage"] + 1
        if state["round"] > 0:
            trained = len(network.snrs_db)
    except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"unusable checkpoint {checkpoint}: {error}") from error
    if trained < len(network.snrs_db):
        raise WeightsError(
            f"checkpoint {checkpoint} has {trained} of {len(network.snrs_db)} networks; "
            "train on until all have had their turn"
        )
    codec = JsccCodec(replace(DEEPJSCC_CIFAR, network=network))
    load_into(codec.network, average, str(checkpoint))
    folder = out / DEEPJSCC_CIFAR.name
    codec.save_pretrained(folder)
    return folder


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="gensc_models.training.export.deepjscc", description=__doc__
    )
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint.pt of a run")
    parser.add_argument("--out", type=Path, required=True, help="folder of the weights folders")
    options = parser.parse_args(arguments)
    print(export(options.checkpoint, options.out))


if __name__ == "__main__":
    main()
