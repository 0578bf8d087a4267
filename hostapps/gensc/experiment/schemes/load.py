"""Schemes by name: a codec or an image file, and what stands around it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gensc.editing.choose import BY_NAME
from gensc.experiment.schemes.codec import CodecScheme
from gensc.experiment.schemes.files import CODERS, FileScheme, load_coder
from gensc.experiment.schemes.wrapped import Captioned, Edited, Refined
from gensc.system import codecs
from gensc.system.errors import UserError
from gensc.system.weights import Weights

if TYPE_CHECKING:
    from gensc.experiment.scheme import Scheme

LDPC, CAPTION = "ldpc", "caption"
#: Schemes that draw what they show; the generator follows behind a colon.
DRAWN = ("caption-only", "caption-mask", "guided-latent")
HELP = (
    "Schemes, separated by commas: a codec (name or folder of weights, "
    "file.py:CLASS, or an installed plug-in), "
    "jpeg|jpeg2000|webp|avif|bank+ldpc (with -scaled before the +: smaller pictures, too), "
    "caption-only|caption-mask|guided-latent:GENERATOR; behind any of them +caption, +REFINER or "
    "+EDITOR (name or folder)."
)


def load_scheme(name: str) -> Scheme:
    """The scheme that a name describes.

    Args:
        name: parts separated by "+": first a codec by name or folder, one of `CODERS` followed by
            "ldpc", or one of `DRAWN` and, behind a colon, a generator as
            `gensc_models.baselines.load_baselines` takes it; then, each around all before it,
            "caption", or a refiner or an editor as `gensc receive --edit` takes it.

    Raises:
        UserError: no such scheme, or weights that are missing or damaged.
    """
    first, *around = _parts(name)
    if first in CODERS:
        scheme, around = _file(name, first, around)
    elif first.partition(":")[0] in DRAWN:
        from gensc.experiment.schemes.generative import one_generative

        kind, _, generator = first.partition(":")
        scheme = one_generative(kind, generator)
    else:
        scheme = load_codec(first)
    for part in around:
        scheme = _around(name, scheme, part)
    return scheme


def load_found(names: Mapping[str, str]) -> tuple[dict[str, Scheme], dict[str, str]]:
    """Those of several schemes that can be had, by what they are called, and why others cannot.

    Args:
        names: what rows call each → as `load_scheme` takes it.
    """
    found: dict[str, Scheme] = {}
    missing: dict[str, str] = {}
    for called, name in names.items():
        try:
            found[called] = load_scheme(name)
            found[called].name = called
        except UserError as error:
            missing[called] = str(error)
    return found, missing


def load_codec(name: str) -> Scheme:
    """An analog codec by name, folder or FILE.py:CLASS ("" is the default one).

    It is shared with everything else in this process that uses the same weights.

    Raises:
        UserError: no such codec, damaged weights, or weights of no codec.
    """
    from gensc_models import WeightsError
    from gensc_models.catalogue.shared import shared_codec

    try:
        return CodecScheme(shared_codec(name or codecs.DEFAULT))
    except WeightsError as error:
        raise UserError(f"--scheme: {error}") from error


def _parts(name: str) -> list[str]:
    """Parts between "+", but not within the name of a folder that is there."""
    parts: list[str] = []
    waiting = ""
    for piece in name.split("+"):
        joined = f"{waiting}+{piece}" if waiting else piece
        if waiting and not Path(joined).exists():
            parts.append(waiting)
            joined = piece
        waiting = joined
    return [*parts, waiting]


def _file(name: str, first: str, around: list[str]) -> tuple[Scheme, list[str]]:
    if not around or around[0] != LDPC:
        raise UserError(f"--scheme {name}: a file needs a channel code: {first}+{LDPC}")
    from gensc.experiment.baselines import modern

    kind = first.removesuffix("-scaled")
    if kind in modern.OPTIONS and not modern.available(kind):
        raise UserError(f"--scheme {name}: this Pillow writes no {kind.upper()}")
    return FileScheme(f"{first}+{LDPC}", load_coder(first)), around[1:]


def _around(name: str, inner: Scheme, part: str) -> Scheme:
    if part == CAPTION:
        from gensc_models.semantics.captions import LayoutCaptioner

        return Captioned(inner, LayoutCaptioner())
    if not part or part == LDPC:
        raise UserError(f"--scheme {name}: {part!r} stands around no scheme")
    from gensc_models.restore.refiner import Refiner

    try:
        loaded = codecs.load_refiner(part)
    except UserError as error:
        if ":" not in part and part not in BY_NAME:
            raise UserError(f"--scheme {name}: {_reason(error, part)}") from error
        loaded = None
    called = f"{inner.name}+{_short(part)}"
    if loaded is not None and isinstance(loaded[0], Refiner) and loaded[0].config.anchored == 1:
        return Refined(inner, loaded[0], loaded[1], called)
    edited = around_editor(inner, part, called)
    if edited is None:
        raise UserError(f"--scheme {name}: {part!r} edits nothing")
    return edited


def around_editor(inner: Scheme, edit: str, called: str) -> Edited | None:
    """A scheme with an editor behind it; None where that edits nothing.

    Args:
        inner: the scheme.
        edit: the editor, as `gensc.editing.choose.choose_editor` takes it.
        called: the name of both together.

    Raises:
        UserError: no such editor.
    """
    from gensc.editing.choose import choose_editor
    from gensc_models.restore.editing import SafeEditor

    editor = choose_editor(edit)
    try:
        loaded = codecs.load_refiner(edit)
    except UserError:
        loaded = None  # a pipeline or a server: neither has weights of this project
    digest = getattr(editor, "sha256", "")
    weights = loaded[1] if loaded else Weights(editor.name, digest) if editor and digest else None
    return None if editor is None else Edited(inner, SafeEditor(editor), weights, called)


def _short(part: str) -> str:
    """A part as the scheme's name says it: without the folders of its path."""
    return Path(part).name


def _reason(error: UserError, part: str) -> str:
    return str(error).removeprefix(f"--refine {part}: ")
