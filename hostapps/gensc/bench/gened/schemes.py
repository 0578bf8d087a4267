"""The schemes of `gensc bench gened`, each an image to channel symbols and back.

All get the same number of symbols in all: header section and caption are taken from what the
analog part of a scheme has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from gensc.bench.gened.data import Marked, Photo
from gensc.editing.choose import choose_editor
from gensc.system import codecs
from gensc.system.errors import UserError
from gensc.system.weights import Weights
from gensc_models.codecs.gened.config import VARIANTS
from gensc_models.codecs.gened.measure import on_pixels
from gensc_phy.adaptation.side_link import side_symbols
from gensc_phy.coding.text import decode_text, encode_text

if TYPE_CHECKING:
    from gensc_models import JsccCodec
    from gensc_models.codecs.gened.codec import GenedCodec, GenedEncoded
    from gensc_models.restore.editing import SafeEditor

GENED, EDITED, SINGLE = "gened", "gened+edit", "single-branch"
SWIN, DEEPJSCC, SOFTCAST = "swinjscc", "deepjscc", "softcast"
#: Drawn and listed in this order; the variants and baselines that a user brings follow.
ORDER = (GENED, EDITED, SINGLE, SWIN, DEEPJSCC, SOFTCAST)
WEIGHTS = {GENED: "gened-photo", SWIN: "swin-photo", DEEPJSCC: "deepjscc-photo",
           SOFTCAST: codecs.LINEAR}  # fmt: skip
DEFAULT_EDITOR = codecs.DEFAULT_EDITOR

Symbols = NDArray[np.complex64]
Variances = NDArray[np.float32]


@dataclass(frozen=True)
class Counts:
    """Channel symbols of one image, and the bits of what is digital in them.

    Attributes:
        analog: of all streams.
        foreground: those of them that are the foreground's; None for schemes of one stream.
        side, side_bits, mask_bits: header section, of whose bits so many are the mask.
        text, text_bytes: caption.
    """

    analog: int = 0
    foreground: int | None = None
    side: int = 0
    side_bits: int = 0
    mask_bits: int = 0
    text: int = 0
    text_bytes: int = 0

    @property
    def background(self) -> int | None:
        """Analog symbols of the background; None for schemes of one stream."""
        return None if self.foreground is None else self.analog - self.foreground

    @property
    def total(self) -> int:
        """All symbols."""
        return self.analog + self.side + self.text


@dataclass(frozen=True, eq=False)
class Shown:
    """What a receiver makes of an image.

    Attributes:
        picture: uint8 H×W×3.
        text_state: what became of the caption; None where none was sent.
        edit: what became of the edit; None where nobody edits.
        lost: there is no picture of it: a grey one is shown.
    """

    picture: Photo
    text_state: str | None = None
    edit: str | None = None
    lost: bool = False


@dataclass(frozen=True, eq=False)
class Sent:
    """An image on its way.

    Attributes:
        symbols: complex64, mean power one: analog, header section (as ones: it is counted and
            taken to arrive), caption.
        counts: of them.
        mask: bool H×W, what the sender takes for foreground; None for schemes without one.
        receive: from equalised symbols and the variances of their noise.
    """

    symbols: Symbols
    counts: Counts
    mask: NDArray[np.bool_] | None
    receive: Callable[[Symbols, Variances], Shown]


class Scheme(Protocol):
    """A way to send an image."""

    name: str
    weights: tuple[Weights, ...]

    def send(self, image: Marked, rate: int, snr_db: float) -> Sent:
        """An image in `rate` symbols per 16×16 block, coded for an Es/N0.

        Raises:
            ValueError: it cannot be done with so few symbols.
        """
        ...


class OneStream:
    """A photo codec of this project."""

    def __init__(self, name: str, codec: JsccCodec, weights: Weights) -> None:
        self.name, self.weights = name, (weights,)
        self.codec = codec

    def send(self, image: Marked, rate: int, snr_db: float) -> Sent:
        """See `Scheme`."""
        sent = self.codec.encode_image(image.photo, rate, snr_db)

        def receive(symbols: Symbols, noise_var: Variances) -> Shown:
            return Shown(self.codec.decode_image(sent.received(symbols, noise_var)))

        return Sent(sent.symbols, Counts(len(sent.symbols)), None, receive)


class DualBranch:
    """The dual-branch codec; with an editor, the whole of GenED-SC, caption and all."""

    def __init__(
        self,
        name: str,
        codec: GenedCodec,
        weights: Weights,
        editor: SafeEditor | None = None,
        editor_weights: Weights | None = None,
    ) -> None:
        self.name = name
        self.weights = (weights,) if editor_weights is None else (weights, editor_weights)
        self.codec, self.editor = codec, editor
        # Photos may be received by several threads; an editor has one at a time.
        self._editing = Lock()

    def send(self, image: Marked, rate: int, snr_db: float) -> Sent:
        """See `Scheme`."""
        payload, text = b"", np.zeros(0, np.complex64)
        if self.editor is not None:
            payload, text = encode_text(image.caption)
        sent = self.codec.encode_image(
            image.photo, rate, snr_db,
            side_cost=lambda n_bytes, told_db: side_symbols(n_bytes, told_db) + len(text),
        )  # fmt: skip
        side = sent.side_symbols - len(text)
        counts = Counts(
            analog=len(sent.symbols),
            foreground=len(sent.foreground),
            side=side,
            side_bits=sent.side_bits,
            mask_bits=sent.mask_bits,
            text=len(text),
            text_bytes=len(payload),
        )
        height, width = image.photo.shape[:2]
        mask = on_pixels(sent.importance.mask)[:height, :width]

        def receive(symbols: Symbols, noise_var: Variances) -> Shown:
            coarse = self._decode(sent, symbols, noise_var)
            if self.editor is None:
                return Shown(coarse)
            words = slice(counts.total - counts.text, counts.total)
            heard = decode_text(symbols[words], noise_var[words], len(payload))
            snr_db = -10.0 * np.log10(noise_var[: counts.analog].mean(dtype=np.float64))
            with self._editing:
                edited = self.editor.edit(
                    coarse, heard.whole, mask.astype(np.float32), float(snr_db), seed=1
                )
            return Shown(edited.image, heard.state, edited.kind)

        air = [sent.symbols, np.ones(side, np.complex64), text]
        return Sent(np.concatenate(air).astype(np.complex64), counts, mask, receive)

    def _decode(self, sent: GenedEncoded, symbols: Symbols, noise_var: Variances) -> Photo:
        last = len(sent.symbols)
        return self.codec.decode_image(sent.received(symbols[:last], noise_var[:last]))


@dataclass
class Schemes:
    """All schemes that can be had.

    Attributes:
        found: by name.
        models: name or folder of the weights of each.
        variants: of the ablation tables, by name.
        folder: of the variants' weights.
        missing: name → why it is left out.
    """

    found: dict[str, Scheme] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    variants: dict[str, DualBranch] = field(default_factory=dict)
    folder: Path | None = None
    missing: dict[str, str] = field(default_factory=dict)

    def weights(self) -> dict[str, str]:
        """Name → SHA-256 of everything loaded."""
        every: list[Scheme] = [*self.found.values(), *self.variants.values()]
        return {w.id: w.sha256 for scheme in every for w in scheme.weights}


def load_schemes(model: str, ablations: Path | None, edit: str) -> Schemes:
    """The schemes whose weights are there.

    Args:
        model: dual-branch weights by name or folder; "" for the shipped ones.
        ablations: folder of weights folders, named as the variants; None has no variants.
        edit: as `gensc.editing.choose.choose_editor` takes it.

    Raises:
        UserError: an editor, or weights, that were named and cannot be had.
    """
    schemes = Schemes(folder=ablations, models={**WEIGHTS, GENED: model or WEIGHTS[GENED]})
    if ablations is not None and not ablations.is_dir():
        raise UserError(f"--ablations {ablations}: no such folder")
    # Looked at first: a mistake in the name of an editor should not cost minutes.
    editor = _editor(edit)
    try:
        codec, weights = codecs.load_gened(schemes.models[GENED])
    except UserError as error:
        if model:
            raise UserError(f"--model {model}: {error}") from error
        schemes.missing |= {GENED: str(error), EDITED: str(error)}
    else:
        schemes.found[GENED] = DualBranch(GENED, codec, weights)
        if editor is None:
            schemes.missing[EDITED] = "--edit none"
        else:
            schemes.found[EDITED] = DualBranch(EDITED, codec, weights, *editor)
    _add_variants(schemes)
    for name in (SWIN, DEEPJSCC, SOFTCAST):
        try:
            schemes.found[name] = OneStream(name, *codecs.load(WEIGHTS[name]))
        except UserError as error:
            schemes.missing[name] = str(error)
    return schemes


def _editor(edit: str) -> tuple[SafeEditor, Weights | None] | None:
    """The editor made safe, and which weights of this project it has."""
    from gensc_models.restore.editing import SafeEditor

    name = edit or DEFAULT_EDITOR
    editor = choose_editor(name)
    if editor is None:
        return None
    try:
        loaded = codecs.load_refiner(name)
    except UserError:
        # A pipeline or a server: neither has weights of this project.
        loaded = None
    return SafeEditor(editor), loaded[1] if loaded else None


def _add_variants(schemes: Schemes) -> None:
    """Every variant that has weights; the single branch is a scheme of its own besides."""
    folder = schemes.folder
    for name in VARIANTS:
        if folder is None:
            schemes.missing[name] = "no --ablations DIR with its weights"
            continue
        if not (folder / name).is_dir():
            schemes.missing[name] = "no weights of it below --ablations DIR"
            continue
        try:
            loaded = codecs.load_gened(str(folder / name))
        except UserError as error:
            schemes.missing[name] = str(error)
        else:
            schemes.variants[name] = DualBranch(name, *loaded)
    if folder is not None and SINGLE in schemes.variants:
        schemes.found[SINGLE] = schemes.variants[SINGLE]
        schemes.models[SINGLE] = str(folder / SINGLE)
