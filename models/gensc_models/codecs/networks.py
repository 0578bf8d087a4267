"""The networks a codec can have, by the ``kind`` that ``config.json`` names.

Every one offers ``encode(image, snr_db, rate) -> (channels, scale)`` and ``decode(received,
precision, scale, snr_db, rate) -> image`` as
:class:`gensc_models.codecs.photo.network.ResidualJscc` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gensc_models.codecs.deepjscc.network import DeepJscc, DeepJsccConfig
from gensc_models.codecs.photo.network import JsccConfig, PhotoJscc
from gensc_models.codecs.swin.network import SwinConfig, SwinJscc

NetworkConfig = JsccConfig | SwinConfig | DeepJsccConfig
Network = PhotoJscc | SwinJscc | DeepJscc
KINDS: dict[str, tuple[type[NetworkConfig], Callable[[Any], Network]]] = {
    "photo-jscc": (JsccConfig, PhotoJscc),
    "swin-jscc": (SwinConfig, SwinJscc),
    "deepjscc": (DeepJsccConfig, DeepJscc),
}


def config_of_kind(kind: str) -> type[NetworkConfig]:
    """The configuration class of a kind.

    Raises
    ------
    ValueError
        Not a kind of codec.
    """
    if kind not in KINDS:
        raise ValueError(f"of kind '{kind}', expected one of {', '.join(KINDS)}")
    return KINDS[kind][0]


def kind_of(config: NetworkConfig) -> str:
    """The kind that a configuration belongs to."""
    return next(kind for kind, (known, _) in KINDS.items() if isinstance(config, known))


def network_of(config: NetworkConfig) -> Network:
    """A new network of that configuration."""
    return KINDS[kind_of(config)][1](config)
