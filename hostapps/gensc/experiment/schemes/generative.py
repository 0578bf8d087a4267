"""Schemes that draw what they show: a pipeline's picture of a caption, a mask or latents.

Text goes as every caption does (`gensc_phy.coding.text`), bits as the header section of an image
with two streams (`gensc_phy.adaptation.side_link`), latents as analog symbols between them. They
send less than the others: what they leave of the budget stays empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from gensc.experiment.baselines.jpeg import grey
from gensc.experiment.scheme import Photo, Picture, Received, Scheme, Section, Sent, best, lost
from gensc.experiment.schemes.codec import whole_copy
from gensc.system.errors import UserError
from gensc_phy.adaptation.side_link import side_link
from gensc_phy.coding.bits import encode_bits, symbols_for
from gensc_phy.coding.mcs import MCS_TABLE, Mcs
from gensc_phy.coding.text import DEFAULT_MCS, decode_text, encode_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from gensc_models.baselines import Baseline, Budget
    from gensc_models.semantics.captions import Captioner

SEED = 1
#: Symbols that carry any caption.
ENOUGH = 1 << 16


def costs(symbols: int, snr_db: float, text_mcs: Mcs = DEFAULT_MCS) -> Budget:
    """What an image may take, at the waveform's costs."""
    from gensc_models.baselines import Budget

    return Budget(symbols, lambda n: symbols_for(n, text_mcs), side_link(snr_db).symbols)


class Generative(Scheme):
    """A baseline of `gensc_models.baselines` over the waveform's sections.

    Args:
        baseline: makes and reads what is sent.
        importance: predicts the foreground that it is told; None tells it that all is.
        captioner: of pictures that come without a caption.
        text_mcs: modulation and code of the caption.
    """

    def __init__(
        self,
        baseline: Baseline,
        importance: Callable[[np.ndarray], np.ndarray] | None = None,
        captioner: Captioner | None = None,
        text_mcs: Mcs = DEFAULT_MCS,
    ) -> None:
        self.name = baseline.scheme
        self.baseline, self.importance, self.captioner = baseline, importance, captioner
        self.text_mcs = text_mcs
        # Pictures may be received by several threads; a pipeline draws one at a time.
        self._drawing = Lock()

    def send(self, picture: Picture, budget: int, snr_db: float) -> Sent:
        """See `Scheme.send`."""
        height, width = picture.pixels.shape[:2]
        mask = np.ones((height, width), bool)
        if self.importance is not None:
            mask = self.importance(picture.pixels) >= 0.5
        caption = picture.caption
        if not caption and self.captioner is not None:
            caption = self.captioner.caption(picture.pixels)
        granted = costs(budget, snr_db, self.text_mcs)
        sent = self.baseline.send(picture.pixels, caption, mask, granted)
        link = side_link(snr_db)
        bits = []
        if sent.bits:
            coded = encode_bits(sent.bits, link.mcs)
            bits = [
                Section("bits", coded, height, width, link.mcs.index, len(sent.bits))
            ] * link.copies
        rest = []
        if sent.text:
            payload, symbols = encode_text(sent.text, self.text_mcs)
            rest.append(Section("text", symbols, height, width, self.text_mcs.index, len(payload)))
        if len(sent.symbols):
            analog = sent.symbols.astype(np.complex64)
            rest.append(Section("analog", analog, height, width, 0, len(analog), sent.aux))
        facts = {"side_bits": 8 * len(sent.bits), "text_bytes": len(sent.text.encode())}
        return Sent((*bits[:1], *rest, *bits[1:]), facts=facts)

    def receive(self, sections: Sequence[Section]) -> Received:
        """See `Scheme.receive`."""
        from gensc_models.baselines import Reception

        if not sections:
            return lost("nothing received")
        height, width = sections[0].height, sections[0].width
        text, state = self._text(best(sections, "text"))
        copies = [s for s in sections if s.kind == "bits"]
        bits = whole_copy(copies) if copies else b""
        analog = best(sections, "analog")
        latents = () if analog is None else (analog.symbols, analog.variances, analog.aux)
        arrived = Reception(height, width, text, bits if isinstance(bits, bytes) else b"", *latents)
        events = {"text": state} if state else {}
        try:
            with self._drawing:
                return Received(self.baseline.receive(arrived, SEED), events, text=text)
        except (
            Exception
        ) as error:  # a pipeline may fail in any way: the picture is lost and counted
            return lost(f"{type(error).__name__}: {error}")

    def drawn(self, image: Photo) -> tuple[Photo, int]:
        """What is drawn of an image whose sections arrive whole, grey where the pipeline fails; and
        the bits of its text in UTF-8."""
        sent = self.send(Picture("", image), ENOUGH, 20.0)
        shown = self.receive(sent.sections).image
        return grey(*image.shape[:2]) if shown is None else shown, 8 * sent.facts["text_bytes"]

    def _text(self, section: Section | None) -> tuple[str, str]:
        """What is certainly right of a caption, and what became of it; "" where none was sent."""
        if section is None:
            return "", ""
        if section.rate >= len(MCS_TABLE):
            return "", "dropped"
        mcs = MCS_TABLE[section.rate]
        try:
            heard = decode_text(section.symbols, section.variances, section.total, mcs)
        except ValueError:
            return "", "dropped"
        return heard.whole, heard.state


def load_generative(generator: str) -> tuple[list[Generative], dict[str, str]]:
    """The baselines that a pipeline allows, and why the others are left out.

    Args:
        generator: as `gensc_models.baselines.load_baselines` takes it; "" for none.

    Raises:
        UserError: a setting of the pipeline that makes no sense.
    """
    from gensc_models import WeightsError
    from gensc_models.baselines import load_baselines
    from gensc_models.catalogue.importance import load_importance
    from gensc_models.semantics.captions import LayoutCaptioner

    try:
        source = load_importance("learned")
    except WeightsError as error:
        return [], {"generative baselines": str(error)}
    try:
        made = load_baselines(generator, source)
    except ValueError as error:
        raise UserError(f"--generator: {error}") from error
    captioner = LayoutCaptioner()
    return [Generative(baseline, source, captioner) for baseline in made.found], made.missing


def one_generative(name: str, generator: str) -> Generative:
    """The baseline of that name, drawn by a generator.

    Raises:
        UserError: it cannot be had.
    """
    found, missing = load_generative(generator)
    for scheme in found:
        if scheme.name == name:
            return scheme
    reason = missing.get(name) or next(iter(missing.values()), "no such scheme")
    raise UserError(f"--scheme {name}:{generator}: {reason}")


#: Pipeline that text alone asks for where none is named.
PIPELINE = "stabilityai/stable-diffusion-2-1-base"


def load_text_only(pipeline: str = "") -> tuple[Generative | None, str]:
    """Text alone by BLIP and a text-to-image pipeline; or None and why they cannot be had.

    Args:
        pipeline: name or folder.

    Raises:
        UserError: the pipeline that was named cannot be had.
    """
    from gensc_models import foundation
    from gensc_models.baselines import CaptionOnly
    from gensc_models.weights.hub import UnavailableError

    try:
        config = foundation.PipelineConfig(pipeline or PIPELINE)
        drawing = CaptionOnly(foundation.DiffusersTextToImage(config))
        return Generative(drawing, captioner=foundation.BlipCaptioner()), ""
    except (UnavailableError, foundation.FoundationError) as error:
        if pipeline:
            raise UserError(f"--text-to-image: {error}") from error
        return None, str(error)
