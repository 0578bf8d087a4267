"""Semantic router block."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gensc_phy.adaptation.side_link import side_symbols

from .codecs import load_gened
from .image_encoder import image_encoder
from .metadata import make_pdu, read_image


class semantic_router(image_encoder):
    """Finds what is foreground in each [image], for a `gened_encoder` behind it.

    The image leaves on [image] with the route in its metadata: `keep` says which blocks are
    foreground, `importance` how important each is, `rate` and `snr_db` what the mask was chosen
    for. On [mask] and [score] both are pictures: the image with a dark background, and a heat map.

    A number on [snr], or a pair whose second half is one, sets the SNR to route for.

    Args:
        model: name of a dual-branch codec's weights, or a path to them.
        rate: channel symbols per 16x16 pixels, header section included; the bandwidth ratio is
            rate / 768.
        snr_db: Es/N0 the encoder is told.

    Raises:
        GenscError: no such model, or weights that do not fit it.
    """

    def __init__(self, model: str = "gened-photo", rate: int = 32, snr_db: float = 10.0) -> None:
        image_encoder.__init__(self, "semantic_router", rate, snr_db, ["image", "mask", "score"])
        self.codec = load_gened(model)

    def on_image(self, pdu: Any) -> None:
        """Handler of the block's input."""
        from gensc_models.restore.inpainting import keep_of_blocks
        from gensc_models.semantics.overlays import heat_overlay, mask_overlay

        metadata, image = read_image(pdu)
        image = np.array(image)
        found = self.codec.route(image, self.rate, self.snr_db, side_symbols)
        routed = replace(
            metadata,
            rate=self.rate,
            snr_db=self.snr_db,
            keep=found.mask.ravel(),
            importance=found.score.ravel(),
        )
        self.publish("image", make_pdu(routed, image))
        inside = keep_of_blocks(found.mask, *image.shape[:2])
        self.publish("mask", make_pdu(routed, mask_overlay(image, inside)))
        self.publish("score", make_pdu(routed, heat_overlay(image, found.score, scale=(0.0, 1.0))))
