"""Neural image codecs of gr-gensc (torch)."""

from gensc_models.codecs.codec import (
    CodecConfig,
    Encoded,
    JsccCodec,
    Received,
    codec_by_wire_id,
    load_codec,
)
from gensc_models.weights.store import WeightsError, WeightsInfo, available

__all__ = [
    "CodecConfig",
    "Encoded",
    "JsccCodec",
    "Received",
    "WeightsError",
    "WeightsInfo",
    "available",
    "codec_by_wire_id",
    "load_codec",
]
