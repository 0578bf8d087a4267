"""JSCC encoder block."""

from __future__ import annotations

from typing import Any

from .codecs import load_codec
from .image_encoder import image_encoder
from .metadata import Metadata, make_pdu, read_image


class jscc_encoder(image_encoder):
    """Encodes each [image] into the analog symbols of a [section], mean energy 1 per image.

    A number on [snr], or a pair whose second half is one (what `snr_probe` sends), sets the SNR
    to encode for: that closes the loop of an adaptive link.

    Args:
        model: a codec as `gensc_models.load_codec` takes it: weights by name or path,
            `path/to/file.py:NAME`, or an entry point.
        rate: channel symbols per 16x16 pixels; the bandwidth ratio is rate / 768.
        snr_db: Es/N0 the encoder is told.

    Raises:
        GenscError: no such model, an unusable one, or one that sends several sections.
    """

    def __init__(self, model: str, rate: int, snr_db: float = 10.0) -> None:
        image_encoder.__init__(self, "jscc_encoder", rate, snr_db, ["section"])
        self.codec = load_codec(model)

    def on_image(self, pdu: Any) -> None:
        """Handler of the block's input."""
        metadata, image = read_image(pdu)
        encoded = self.codec.encode_image(image, self.rate, self.snr_db)
        section = Metadata(
            session=metadata.session,
            image_id=metadata.image_id,
            section="analog",
            weights=self.codec.fingerprint,
            codec=self.codec.name,
            sha256=self.codec.sha256,
            rate=encoded.rate,
            shape=(encoded.height, encoded.width, 3),
            total=len(encoded.symbols),
            aux=encoded.aux,
            snr_db=self.snr_db,
            name=metadata.name,
        )
        self.publish("section", make_pdu(section, encoded.symbols))
