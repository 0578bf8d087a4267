"""Turns a training checkpoint into weights: ``python -m gensc_models.training.export.photo``.

Writes two folders: the codec with the averaged weights of the run, and ``softcast``, the linear
code that the run started from (the same statistics, no training).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from gensc_models.codecs.jscc import CodecConfig, JsccCodec
from gensc_models.codecs.photo.network import JsccConfig
from gensc_models.weights.store import WeightsError, load_into

SOFTCAST = CodecConfig("softcast", network=JsccConfig(residual=False))
DEEPJSCC_PHOTO = CodecConfig("deepjscc-photo")


def read_checkpoint(checkpoint: Path) -> dict[str, Any]:
    """The state that a training run saved.

    Raises
    ------
    WeightsError
        The file is none.
    """
    try:
        state = torch.load(checkpoint, weights_only=True)
        return {key: state[key] for key in ("config", "average", "statistics")}
    except (OSError, RuntimeError, KeyError, TypeError) as error:
        raise WeightsError(f"unusable checkpoint {checkpoint}: {error}") from error


def learned_codec(state: dict[str, Any], identity: CodecConfig, checkpoint: Path) -> JsccCodec:
    """The codec of that identity with the shape and the averaged weights of a checkpoint.

    Raises
    ------
    WeightsError
        The checkpoint is of another kind of network, or does not fit the config it carries.
    """
    try:
        network = type(identity.network)(**state["config"])
    except (TypeError, ValueError) as error:
        raise WeightsError(f"unusable checkpoint {checkpoint}: {error}") from error
    codec = JsccCodec(replace(identity, network=network))
    load_into(codec.network, state["average"], str(checkpoint))
    return codec


def export(checkpoint: Path, out: Path) -> tuple[Path, Path]:
    """Writes ``out/softcast`` and ``out/deepjscc-photo`` and returns the two folders.

    Raises
    ------
    WeightsError
        The checkpoint cannot be read or does not fit the config it carries.
    """
    state = read_checkpoint(checkpoint)
    learned = learned_codec(state, DEEPJSCC_PHOTO, checkpoint)
    softcast = JsccCodec(SOFTCAST)
    softcast.network.linear.load_statistics(**state["statistics"])
    folders = (out / SOFTCAST.name, out / DEEPJSCC_PHOTO.name)
    for codec, folder in zip((softcast, learned), folders, strict=True):
        codec.save_pretrained(folder)
    return folders


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="gensc_models.training.export.photo", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="checkpoint.pt of a run")
    parser.add_argument("--out", type=Path, required=True, help="folder of the weights folders")
    options = parser.parse_args(arguments)
    for folder in export(options.checkpoint, options.out):
        print(folder)


if __name__ == "__main__":
    main()
