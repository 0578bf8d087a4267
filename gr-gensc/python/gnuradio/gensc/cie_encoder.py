"""Critical information encoder block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import choice_message
from .codecs import load_bank, load_importance
from .errors import GenscError, PduError
from .mcs_choice import DEFAULT_INDEX, mcs_by_index
from .message_ports import message_block
from .metadata import Metadata, make_pdu, read_image

if TYPE_CHECKING:
    from gensc_models.semantics.filtering import CriticalEncoder, Extracted
    from gensc_phy.adaptation.rate_table import Choice


class cie_encoder(message_block):
    """Codes what matters of each [image] into [bytes], within what the link carries in time.

    Operating point, threshold and MCS are those of the choice that a `rate_controller` has
    attached to the image, else the block's own. A container that is longer than the choice's
    `budget_bits` (or the block's own) is coded again with less in it: higher threshold, then
    coarser point, in the end the most important blocks alone.

    [bytes] carries the MCS as `rate`, so that `bits_encoder` uses it, and the operating point.
    [sent] tells what was done, as a dict: image_id, snr_db (that the choice asked for; not there
    without one), point, alpha, mcs, gvif (of this very image), bits, budget_bits (not there
    without one), in_time, tries.

    Args:
        bank: name of the codec bank's weights, or a path to them.
        importance: "information" (of the bank itself), or what
            `gensc_models.catalogue.importance.load_importance` takes ("learned", "cam",
            "box:X,Y,W,H", …); empty: learned where its weights are installed, else information.
        point: operating point of images without a choice, 1 (finest) and up.
        alpha: their threshold, 0 … 1.
        mcs: their modulation and coding scheme.
        budget_bits: their longest container; 0 sets no limit.

    Attributes:
        images: images coded so far.
        shortened: those that had to be coded again.
        late: those that did not fit even then.

    Raises:
        GenscError: no such weights, importance, operating point or MCS, or numbers out of range.
    """

    def __init__(
        self,
        bank: str = "hyperprior",
        importance: str = "",
        point: int = 10,
        alpha: float = 0.0,
        mcs: int = DEFAULT_INDEX,
        budget_bits: int = 0,
    ) -> None:
        message_block.__init__(self, "cie_encoder")
        from gensc_models.semantics.filtering import CriticalEncoder

        codec = load_bank(bank)
        self._points = codec.points
        self._bank = codec
        self._encoder: CriticalEncoder = CriticalEncoder(codec, load_importance(importance))
        self.images = self.shortened = self.late = 0
        self.set_point(point)
        self.set_alpha(alpha)
        self.set_mcs(mcs)
        self.set_budget_bits(budget_bits)
        self.setup_ports({"image": self._encode}, ["bytes", "sent"])

    def set_point(self, point: int) -> None:
        """Operating point from the next image on, where it has no choice."""
        if point not in self._points:
            raise GenscError(
                f"cie_encoder: point {point}: there are {self._points[0]} … {self._points[-1]}"
            )
        self.point = int(point)

    def set_alpha(self, alpha: float) -> None:
        """Threshold from the next image on, where it has no choice."""
        if not 0 <= alpha <= 1:
            raise GenscError(f"cie_encoder: alpha {alpha} must lie in 0 … 1")
        self.alpha = float(alpha)

    def set_mcs(self, mcs: int) -> None:
        """Scheme from the next image on, where it has no choice."""
        self.mcs = mcs_by_index(mcs).index

    def set_budget_bits(self, budget_bits: int) -> None:
        """Longest container from the next image on, where it has no choice; 0: no limit."""
        if budget_bits < 0:
            raise GenscError(f"cie_encoder: budget {budget_bits} must not be negative")
        self.budget_bits = int(budget_bits)

    def _encode(self, pdu: Any) -> None:
        metadata, image = read_image(pdu)
        choice = choice_message.attached(pdu)
        point, alpha, mcs, budget = self.point, self.alpha, self.mcs, float(self.budget_bits)
        if choice is not None:
            if choice.mcs is None:
                raise PduError("the choice has no MCS: it is for the idealised capacity")
            point, alpha, mcs, budget = choice.point, choice.alpha, choice.mcs, choice.budget_bits
        sent = self._encoder.encode(np.array(image), point, alpha, budget or np.inf)
        self.images += 1
        self.shortened += sent.tries > 1
        self.late += not sent.fits
        coded = Metadata(
            session=metadata.session,
            image_id=metadata.image_id,
            weights=self._bank.fingerprint,
            codec=self._bank.name,
            sha256=self._bank.sha256,
            section="bits",
            shape=metadata.shape,
            rate=mcs,
            name=metadata.name,
            point=sent.point,
        )
        self.publish("sent", _told(coded, sent, choice, budget))
        self.publish("bytes", make_pdu(coded, np.frombuffer(sent.data, np.uint8)))


def _told(coded: Metadata, sent: Extracted, choice: Choice | None, budget_bits: float) -> Any:
    """What was done with an image, as a PMT dict."""
    return choice_message.plain_dict(
        image_id=coded.image_id,
        snr_db=None if choice is None else choice.snr_db,
        point=sent.point,
        alpha=sent.alpha,
        mcs=coded.rate,
        gvif=sent.gvif,
        bits=sent.bits,
        budget_bits=budget_bits or None,
        in_time=sent.fits,
        tries=sent.tries,
    )
