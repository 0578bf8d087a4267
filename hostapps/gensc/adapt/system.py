"""Codec bank, importance and inpainting as one system: image to container, container to image."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gensc.adapt.bank import BLOCK, Mask, Photo
from gensc.adapt.importance import Importance
from gensc.system.errors import UserError

if TYPE_CHECKING:
    from gensc_models.codecs.bank import HyperpriorCodec
    from gensc_models.restore.inpainting import Inpainter
    from gensc_models.semantics.filtering import Extracted


@dataclass(frozen=True, eq=False)
class Recovered:
    """What the receiver makes of a container.

    Attributes:
        decoded: as the codec gives it: blocks that were not sent are predicted.
        keep: pixels that were sent, bool H×W.
        image: with everything else filled in; `decoded` where nothing was left out or nothing
            fills in.
    """

    decoded: Photo
    keep: Mask
    image: Photo


@dataclass(frozen=True, eq=False)
class CieSystem:
    """The two ends of GVIF-CIE.

    Attributes:
        bank: codec of both ends.
        importance: what the transmitter keeps first.
        inpainter: fills in at the receiver; None leaves what the codec predicts.
    """

    bank: HyperpriorCodec
    importance: Importance
    inpainter: Inpainter | None = None

    def extract(
        self, image: Photo, stem: str, point: int, alpha: float, budget_bits: float = math.inf
    ) -> Extracted:
        """Container of the blocks at or above `alpha`, shortened to the budget (Section III).

        Args:
            image: uint8 H×W×3.
            stem: its name, for maps that are found by it.
            point: operating point.
            alpha: threshold, 0 … 1.
            budget_bits: longest container wanted.
        """
        from gensc_models.semantics.filtering import CriticalEncoder

        encoder = CriticalEncoder(self.bank, lambda shown: self.importance(shown, stem))
        return encoder.encode(image, point, alpha, budget_bits)

    def recover(self, data: bytes, prompt: str = "", seed: int = 0) -> Recovered:
        """Decode a container and fill in what it leaves out (Eq. 9 to 11).

        Args:
            data: the container.
            prompt: what the image shows, for inpainting that understands it.
            seed: of the inpainting.
        """
        decoded = self.bank.decode(data)
        keep = pixels_of(decoded.keep, decoded.image)
        if keep.all() or self.inpainter is None:
            return Recovered(decoded.image, keep, decoded.image)
        filled = self.inpainter.inpaint(decoded.image, keep, prompt, seed)
        return Recovered(decoded.image, keep, filled)


def pixels_of(blocks: Mask, image: Photo) -> Mask:
    """A mask of blocks as one of the pixels of an image, bool H×W."""
    from gensc_models.restore.inpainting import keep_of_blocks

    height, width = image.shape[:2]
    return keep_of_blocks(blocks, height, width, BLOCK)


def load_system(bank: str = "", importance: str = "", inpainter: str = "") -> CieSystem:
    """A system by names.

    Args:
        bank: name or folder of weights; "" is the default bank.
        importance: of `gensc.adapt.importance.importance_source`.
        inpainter: of `gensc_models.catalogue.inpainters.load_inpainter`, or "none"; "" is the
        diffusion
            model where its weights are installed, else a smooth continuation.

    Raises:
        UserError: one of them cannot be had.
    """
    from gensc.adapt.bank import DEFAULT, load_bank
    from gensc.adapt.importance import importance_source

    loaded = load_bank(bank or DEFAULT)
    source = importance_source(importance, loaded)
    return CieSystem(loaded, source, None if inpainter == "none" else _load_inpainter(inpainter))


def _load_inpainter(name: str) -> Inpainter:
    from gensc_models import WeightsError
    from gensc_models.catalogue.inpainters import load_inpainter
    from gensc_models.restore.inpainting import SmoothFill
    from gensc_models.weights.hub import UnavailableError

    try:
        return load_inpainter(name) if name else load_inpainter()
    except (WeightsError, UnavailableError, ValueError) as error:
        if not name:
            return SmoothFill()
        raise UserError(f"--inpainter {name}: {error}") from error
