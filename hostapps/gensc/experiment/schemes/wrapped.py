"""Schemes around schemes: with a caption, refined, edited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from gensc.experiment.scheme import Picture, Received, Scheme, Section, Sent, best
from gensc.system.weights import Weights
from gensc_phy.coding.mcs import MCS_TABLE
from gensc_phy.coding.text import DEFAULT_MCS, decode_text, encode_text

if TYPE_CHECKING:
    from gensc_models.restore.editing import SafeEditor
    from gensc_models.restore.refiner import Refiner
    from gensc_models.semantics.captions import Captioner


class Wrapped(Scheme):
    """Passes everything on to the scheme inside, whose variants become its own."""

    def __init__(self, inner: Scheme, name: str) -> None:
        self.inner, self.name = inner, name
        self.weights = inner.weights

    def around(self, inner: Scheme) -> Scheme:
        """The same around another scheme."""
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__, inner=inner)
        return made

    @property
    def setting(self) -> str:
        """That of the scheme inside."""
        return self.inner.setting

    def variants(self, channel: str) -> Sequence[Scheme]:
        """Those of the scheme inside."""
        return [self.around(inner) for inner in self.inner.variants(channel)]

    def send(self, picture: Picture, budget: int, snr_db: float) -> Sent:
        """See `Scheme.send`."""
        return self.inner.send(picture, budget, snr_db)

    def send_many(self, pictures: Sequence[Picture], budget: int, snr_db: float) -> list[Sent]:
        """See `Scheme.send_many`."""
        return self.inner.send_many(pictures, budget, snr_db)

    def receive(self, sections: Sequence[Section]) -> Received:
        """See `Scheme.receive`."""
        return self.receive_many([sections])[0]

    def receive_many(self, arrived: Sequence[Sequence[Section]]) -> list[Received]:
        """See `Scheme.receive_many`."""
        return [self.after(got) for got in self.inner.receive_many(arrived)]

    def after(self, got: Received) -> Received:
        """What is made of what the scheme inside has made."""
        return got


class Captioned(Wrapped):
    """Sends a caption as well, which takes its symbols from the image's.

    Args:
        inner: the scheme.
        captioner: of pictures that come without a caption; None leaves them without.
    """

    def __init__(self, inner: Scheme, captioner: Captioner | None = None, name: str = "") -> None:
        super().__init__(inner, name or f"{inner.name}+caption")
        self.captioner = captioner

    def send(self, picture: Picture, budget: int, snr_db: float) -> Sent:
        """See `Scheme.send`."""
        caption = picture.caption
        if not caption and self.captioner is not None:
            caption = self.captioner.caption(picture.pixels)
        if not caption:
            return self.inner.send(picture, budget, snr_db)
        payload, symbols = encode_text(caption)
        sent = self.inner.send(picture, budget - len(symbols), snr_db)
        height, width = picture.pixels.shape[:2]
        section = Section("text", symbols, height, width, DEFAULT_MCS.index, len(payload))
        facts = sent.facts | {"text": len(symbols), "text_bytes": len(payload)}
        return replace(sent, sections=(*sent.sections, section), facts=facts)

    def send_many(self, pictures: Sequence[Picture], budget: int, snr_db: float) -> list[Sent]:
        """See `Scheme.send_many`: captions differ in length, so one by one."""
        return [self.send(picture, budget, snr_db) for picture in pictures]

    def receive_many(self, arrived: Sequence[Sequence[Section]]) -> list[Received]:
        """See `Scheme.receive_many`."""
        images = self.inner.receive_many(arrived)
        return [self._with_text(i, s) for i, s in zip(images, arrived, strict=True)]

    def _with_text(self, got: Received, sections: Sequence[Section]) -> Received:
        words = best(sections, "text")
        text, state = "", "dropped"
        if words is not None and words.rate < len(MCS_TABLE):
            try:
                heard = decode_text(words.symbols, words.variances, words.total,
                                    MCS_TABLE[words.rate])  # fmt: skip
                text, state = heard.whole, heard.state
            except ValueError:
                state = "dropped"
        return replace(got, text=text, events=got.events | {"text": state})


class Refined(Wrapped):
    """The received image refined, told the SNR behind the equaliser.

    Args:
        inner: the scheme.
        refiner, weights: and which weights it has.
    """

    def __init__(self, inner: Scheme, refiner: Refiner, weights: Weights, name: str = "") -> None:
        super().__init__(inner, name or f"{inner.name}+{weights.id}")
        self.refiner = refiner
        self.weights = (*inner.weights, weights)

    def receive_many(self, arrived: Sequence[Sequence[Section]]) -> list[Received]:
        """See `Scheme.receive_many`: one pass of the refiner."""
        got = self.inner.receive_many(arrived)
        known = [r for r in got if r.image is not None and not np.isnan(r.snr_db)]
        images = [r.image for r in known if r.image is not None]
        snrs_db = [min(r.snr_db, MOST_SNR_DB) for r in known]
        refined = iter(self.refiner.refine_images(images, snrs_db) if images else ())
        return [replace(r, image=next(refined)) if r in known else r for r in got]


#: What a refiner is told where there is no noise.
MOST_SNR_DB = 60.0


class Edited(Wrapped):
    """The received image edited along its caption and mask, where they arrived.

    Args:
        inner: the scheme.
        editor: made safe: no image is lost to it.
        weights: of the editor, where they are this project's.
    """

    def __init__(
        self, inner: Scheme, editor: SafeEditor, weights: Weights | None = None, name: str = ""
    ) -> None:
        super().__init__(inner, name or f"{inner.name}+{editor.name}")
        self.editor = editor
        self.weights = inner.weights if weights is None else (*inner.weights, weights)
        # Images may be received by several threads; an editor has one at a time.
        self._editing = Lock()

    def after(self, got: Received) -> Received:
        """See `Wrapped.after`."""
        if got.image is None:
            return got
        snr_db = None if np.isnan(got.snr_db) else min(got.snr_db, MOST_SNR_DB)
        with self._editing:
            edited = self.editor.edit(got.image, got.text, got.mask, snr_db, seed=1)
        told = {"edit": edited.kind} | ({"edit_reason": edited.reason} if edited.reason else {})
        return replace(got, image=edited.image, events=got.events | told)
