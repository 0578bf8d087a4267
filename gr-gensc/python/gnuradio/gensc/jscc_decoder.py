"""JSCC decoder block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .codecs import codec_of, load_codec
from .errors import PduError
from .message_ports import message_block
from .metadata import known, make_pdu, read_pdu

if TYPE_CHECKING:
    from gensc_models import Codec


class jscc_decoder(message_block):
    """Decodes each analog [section] into an [image], told the noise variance of every symbol.

    Sections of other kinds pass by, and so do those of codecs that send several, which
    `gened_decoder` takes; a section of a model that is not installed is dropped.

    Args:
        model: a codec as `gensc_models.load_codec` takes it: weights by name or path,
            `path/to/file.py:NAME`, or an entry point; empty takes the installed one whose
            fingerprint the burst header carries.
        places: names and folders to look into for it as well.

    Raises:
        GenscError: no such model, an unusable one, or one that sends several sections.
    """

    def __init__(self, model: str = "", places: Sequence[str] = ()) -> None:
        message_block.__init__(self, "jscc_decoder")
        self._only = load_codec(model) if model else None
        self._places = tuple(places)
        self._codecs: dict[int, Codec | None] = {}
        self.setup_ports({"section": self._decode}, ["image"])

    def _codec(self, fingerprint: int) -> Codec | None:
        """The codec of a section; None where it is another decoder's."""
        if self._only is not None and fingerprint == self._only.fingerprint:
            return self._only
        if fingerprint not in self._codecs:
            self._codecs[fingerprint] = self._find(fingerprint)
        return self._codecs[fingerprint]

    def _find(self, fingerprint: int) -> Codec | None:
        found = codec_of(fingerprint, self._places)
        if found.several:
            return None
        if self._only is not None:
            raise PduError(f"weights {fingerprint:04x}, this decoder has {self._only.name}")
        return found

    def _decode(self, pdu: Any) -> None:
        metadata, symbols = read_pdu(pdu, np.complex64, require=("section", "image_id"))
        if metadata.section != "analog":
            return
        metadata, symbols = read_pdu(
            pdu, np.complex64, require=("weights", "rate", "shape", "aux", "noise_var")
        )
        codec = self._codec(known(metadata.weights))
        if codec is None:
            return
        from gensc_models.codecs.codec import Received

        height, width, _ = known(metadata.shape)
        image = codec.decode_image(
            Received(
                np.array(symbols), np.array(metadata.noise_var), known(metadata.rate), height,
                width, known(metadata.aux),
            )
        )  # fmt: skip
        self.publish("image", make_pdu(replace(metadata, noise_var=None), image))
