"""Captioner block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .codecs import load_captioner
from .message_ports import message_block
from .metadata import Metadata, make_pdu, read_image

if TYPE_CHECKING:
    from gensc_models.semantics.captions import Captioner


class captioner(message_block):
    """Says what each [image] shows: UTF-8 on [text], with the number of its image.

    A `text_encoder` behind it makes a section of that. An image that the captioner fails on is
    counted in `dropped` and has no caption; one about which it has nothing to say has none either.

    Args:
        captioner: "layout" (places, sizes and colours; needs no model), "blip" or "blip:" and a
            name or folder, or any object with the interface of
            `gensc_models.semantics.captions.Captioner`.

    Raises:
        GenscError: no such captioner, or its weights cannot be had.
    """

    def __init__(self, captioner: str | Captioner = "layout") -> None:
        message_block.__init__(self, "captioner")
        self._captioner = load_captioner(captioner) if isinstance(captioner, str) else captioner
        self.setup_ports({"image": self._caption}, ["text"])

    def _caption(self, pdu: Any) -> None:
        metadata, image = read_image(pdu)
        text = self._captioner.caption(np.array(image)).encode("utf-8")
        if text:
            about = Metadata(
                session=metadata.session,
                image_id=metadata.image_id,
                shape=metadata.shape,
                name=metadata.name,
            )
            self.publish("text", make_pdu(about, np.frombuffer(text, np.uint8)))
