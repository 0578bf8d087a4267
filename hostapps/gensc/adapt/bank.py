"""What adaptation asks of a codec bank, and the bank that is shipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gensc.system.errors import UserError

if TYPE_CHECKING:
    from gensc_models.codecs.bank import HyperpriorCodec

BLOCK = 16
"""Pixels per side of what one element of a mask stands for."""
DEFAULT = "hyperprior"

Photo = NDArray[np.uint8]
Mask = NDArray[np.bool_]


class Encoded(Protocol):
    """A coded image."""

    @property
    def data(self) -> bytes:
        """The container, with the mask and all headers."""


class Decoded(Protocol):
    """A decoded image."""

    @property
    def image(self) -> Photo:
        """Pixels, H x W x 3."""

    @property
    def keep(self) -> Mask:
        """The blocks that were sent, [ceil(H/16), ceil(W/16)]."""


class Bank(Protocol):
    """A codec with several operating points that can leave blocks out.

    `gensc_models.codecs.bank.HyperpriorCodec` is one.

    Attributes:
        name, sha256: which weights.
    """

    name: str
    sha256: str

    @property
    def points(self) -> tuple[int, ...]:
        """Operating points, the least distortion first."""

    def encode(self, image: Photo, point: int, keep: Mask | None = None) -> Encoded:
        """Code the blocks of `keep`, [ceil(H/16), ceil(W/16)]; None codes all."""

    def decode(self, data: bytes, partial: bool = False) -> Decoded:
        """Pixels of a container; blocks left out are predicted.

        `partial` takes what there is of a truncated one.
        """

    def scales(self, image: Photo, point: int) -> Any:
        """Scales theta of the latents in steps of the quantiser, tensor [1, C, h, w] (Eq. 28)."""


def load_bank(name: str = DEFAULT) -> HyperpriorCodec:
    """A bank by name or folder of weights.

    Raises:
        UserError: no such weights, or damaged ones.
    """
    from gensc_models import WeightsError
    from gensc_models.codecs.bank import HyperpriorCodec

    try:
        return HyperpriorCodec.from_pretrained(name)
    except WeightsError as error:
        raise UserError(f"--bank {name}: {error}") from error
