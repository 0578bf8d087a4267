"""JSCC decoder block."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .codecs import codec_of_wire_id, installed_gened, load_codec
from .errors import PduError
from .message_ports import message_block
from .metadata import known, make_pdu, read_pdu

if TYPE_CHECKING:
    from gensc_models import JsccCodec


class jscc_decoder(message_block):
    """Decodes each analog [section] into an [image], told the noise variance of every symbol.

    Sections of other kinds pass by, and so do the streams of dual-branch codecs, which
    `gened_decoder` takes; a section of a model that is not installed is dropped.

    Args:
        model: name of a codec's weights, or a path to them; empty takes the one whose id the
            burst header carries.

    Raises:
        GenscError: no such model, or weights that do not fit it.
    """

    def __init__(self, model: str = "") -> None:
        message_block.__init__(self, "jscc_decoder")
        self._only = load_codec(model) if model else None
        self._codecs: dict[int, JsccCodec] = {}
        self._of_gened: dict[int, bool] = {}
        self.setup_ports({"section": self._decode}, ["image"])

    def _codec(self, wire_id: int) -> JsccCodec:
        if self._only is not None:
            if wire_id != self._only.wire_id:
                raise PduError(f"model id {wire_id}, this decoder has {self._only.wire_id}")
            return self._only
        if wire_id not in self._codecs:
            self._codecs[wire_id] = codec_of_wire_id(wire_id)
        return self._codecs[wire_id]

    def _is_of_gened(self, wire_id: int) -> bool:
        if wire_id not in self._of_gened:
            self._of_gened[wire_id] = installed_gened(wire_id) is not None
        return self._of_gened[wire_id]

    def _decode(self, pdu: Any) -> None:
        metadata, symbols = read_pdu(pdu, np.complex64, require=("section", "image_id"))
        if metadata.section != "analog":
            return
        metadata, symbols = read_pdu(
            pdu, np.complex64, require=("model", "rate", "shape", "aux", "noise_var")
        )
        model = known(metadata.model)
        if self._is_of_gened(model):
            return
        from gensc_models.codecs.codec import Received

        height, width, _ = known(metadata.shape)
        image = self._codec(model).decode_image(
            Received(
                np.array(symbols), np.array(metadata.noise_var), known(metadata.rate), height,
                width, known(metadata.aux),
            )
        )  # fmt: skip
        self.publish("image", make_pdu(replace(metadata, noise_var=None), image))
