"""Weights that the training of a codec starts from, instead of from nothing."""

from __future__ import annotations

from gensc_models.codecs.deepjscc.network import DeepJscc
from gensc_models.codecs.jscc import load_jscc
from gensc_models.codecs.photo.network import ResidualJscc
from gensc_models.weights.store import WeightsError, load_into

# What a convolutional base code adds to a codec: it may be missing in weights to go on from.
ADDED = ("base.", "encoder.latents.", "decoder.latents.", "decoder.detail.out_convolutional.")


def go_on_from(model: ResidualJscc, weights: str) -> bool:
    """Takes over the weights of a codec of the same shape, by name or folder.

    They may lack the convolutional base code and its layers: those then stay as they are.
    Returns whether the base code came along.

    Raises
    ------
    WeightsError
        Missing, damaged, or of another shape.
    """
    stored = load_jscc(weights).network.state_dict()
    own = {name: t for name, t in model.state_dict().items() if name.startswith(ADDED)}
    load_into(model, {**own, **stored}, weights)
    return any(name.startswith("base.") for name in stored)


def start_base(model: ResidualJscc, weights: str) -> None:
    """Starts the convolutional base code at weights of DeepJSCC, each network at its own SNR's.

    Raises
    ------
    WeightsError
        Missing, damaged, not DeepJSCC, or without one of the SNRs; or the model has no such base.
    """
    given = load_jscc(weights).network
    if model.base is None or not isinstance(given, DeepJscc):
        raise WeightsError(f"weights '{weights}': a convolutional base code starts from DeepJSCC")
    trained = given.config.snrs_db
    for index, snr_db in enumerate(model.base.config.snrs_db):
        if snr_db not in trained:
            raise WeightsError(f"weights '{weights}' have no network for {snr_db:g} dB")
        found = given.network(trained.index(snr_db)).state_dict()
        model.base.network(index).load_state_dict(found)
