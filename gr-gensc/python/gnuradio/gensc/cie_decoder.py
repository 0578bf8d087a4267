"""Critical information decoder block."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .codecs import load_bank
from .errors import PduError
from .message_ports import message_block
from .metadata import make_pdu, read_pdu


class cie_decoder(message_block):
    """Decodes each container of a `cie_encoder` from [bytes] into an [image].

    The image's metadata says which blocks were sent (`keep`; the others are predicted, and an
    inpainter fills them), the operating point, and whether all of it arrived (`complete`).

    Of a damaged container that part becomes an image which came before the damage; where not even
    header and mask are whole, none does. Bytes that are no container of this bank are dropped.

    Args:
        bank: name of the codec bank's weights, or a path to them.
        partial: give out what is left of damaged containers.

    Attributes:
        damaged: containers that were damaged.
        lost: those of them that gave no image.

    Raises:
        GenscError: no such weights.
    """

    def __init__(self, bank: str = "hyperprior", partial: bool = True) -> None:
        message_block.__init__(self, "cie_decoder")
        self._bank = load_bank(bank)
        self.set_partial(partial)
        self.damaged = self.lost = 0
        self.setup_ports({"bytes": self._decode}, ["image"])

    def set_partial(self, partial: bool) -> None:
        """Whether what is left of damaged containers is given out."""
        self.partial = bool(partial)

    def _decode(self, pdu: Any) -> None:
        from gensc_models.codecs.bank import BitstreamError

        metadata, data = read_pdu(pdu, np.uint8, require=("image_id",))
        try:
            decoded = self._bank.decode(data.tobytes(), partial=True)
        except BitstreamError as error:
            self.damaged += 1
            self.lost += 1
            raise PduError(str(error)) from error
        self.damaged += not decoded.complete
        if not (decoded.complete or self.partial):
            self.lost += 1
            return
        height, width, _ = decoded.image.shape
        metadata = replace(
            metadata,
            shape=(height, width, 3),
            point=decoded.point,
            keep=decoded.keep,
            complete=decoded.complete,
        )
        self.publish("image", make_pdu(metadata, decoded.image))
