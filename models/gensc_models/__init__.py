"""Neural image codecs of gr-gensc (torch)."""

from gensc_models.catalogue.codecs import load_codec
from gensc_models.codecs.codec import Codec, CodecError, Encoded, Received
from gensc_models.codecs.jscc import CodecConfig, JsccCodec
from gensc_models.weights.store import WeightsError, WeightsInfo, available

__all__ = [
    "Codec",
    "CodecConfig",
    "CodecError",
    "Encoded",
    "JsccCodec",
    "Received",
    "WeightsError",
    "WeightsInfo",
    "available",
    "load_codec",
]
