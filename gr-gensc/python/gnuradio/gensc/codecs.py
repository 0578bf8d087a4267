"""Neural codecs and refiners for the blocks; torch is imported when the first one is asked for.

GNU Radio Companion imports this package for every block it shows and must not wait for torch.
All blocks of a process that name the same weights share one copy of the network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import GenscError

if TYPE_CHECKING:
    from gensc_models import Codec
    from gensc_models.codecs.bank import HyperpriorCodec
    from gensc_models.codecs.gened.codec import GenedCodec
    from gensc_models.restore.editing import Editor, SafeEditor
    from gensc_models.restore.editing.plugged import PluggedEditor
    from gensc_models.restore.inpainting import Inpainter
    from gensc_models.restore.refiner import Refiner
    from gensc_models.semantics.captions import Captioner
    from gensc_models.semantics.filtering import ImportanceMap

BANK = "hyperprior"
"""The codec bank that is shipped."""
RATE_TABLES = "rate-tables.json"
"""Rate tables of a bank, in the folder of its weights."""
INFORMATION = "information"
"""The importance that needs no weights."""


@contextmanager
def _one_line(what: str, *others: type[Exception]) -> Iterator[None]:
    """What fails to load is a GenscError that says what it was."""
    expected: tuple[type[Exception], ...] = (ValueError, LookupError, OSError, *others)
    try:
        yield
    except expected as error:
        raise GenscError(f"{what}: {error}") from error


def load_codec(model: str, several: bool = False) -> Codec:
    """A codec by what `gensc_models.load_codec` calls it.

    Args:
        model: name of weights, a path to them, `path/to/file.py:NAME`, or an entry point.
        several: whether it is one whose images have several sections.

    Raises:
        GenscError: no such codec, an unusable one, or not of these.
    """
    from gensc_models.catalogue.shared import shared_codec

    with _one_line(f"model {model!r}"):
        codec = shared_codec(model)
    if codec.several != several:
        what, block = ("several sections", "gened") if codec.several else ("one stream", "jscc")
        raise GenscError(f"model {model!r} sends {what}: take {block}_encoder and {block}_decoder")
    return codec


def codec_of(fingerprint: int, places: Sequence[str] = ()) -> Codec:
    """The codec a burst header names, installed or in one of `places`.

    Raises:
        GenscError: none has this fingerprint, or several.
    """
    from gensc_models.catalogue.shared import shared_codec_by_fingerprint

    try:
        return shared_codec_by_fingerprint(fingerprint, places)
    except ValueError as error:
        raise GenscError(str(error)) from error


def load_gened(model: str) -> GenedCodec:
    """A dual-branch codec by the name of its weights, or a path.

    Raises:
        GenscError: no such weights, or damaged ones.
    """
    from gensc_models.catalogue.shared import shared_gened

    with _one_line(f"model {model!r}"):
        return shared_gened(model)


def load_bank(name: str) -> HyperpriorCodec:
    """A codec bank by the name of its weights, or a path.

    Raises:
        GenscError: no such weights, or damaged ones.
    """
    from gensc_models.catalogue.shared import shared_bank

    with _one_line(f"bank {name!r}"):
        return shared_bank(name)


def bank_of(fingerprint: int, places: Sequence[str] = ()) -> HyperpriorCodec:
    """The codec bank a burst header names, installed or in one of `places`.

    Raises:
        GenscError: none has this fingerprint, or several.
    """
    from gensc_models.weights.store import with_fingerprint

    with _one_line(f"bank {fingerprint:04x}"):
        bank = load_bank(str(with_fingerprint(fingerprint, places).path))
    if bank.fingerprint != fingerprint:
        raise GenscError(f"weights {fingerprint:04x} are no codec bank")
    return bank


def load_importance(name: str) -> ImportanceMap | None:
    """A source of importance by what `gensc_models.catalogue.importance.load_importance` calls it.

    Args:
        name: empty stands for "learned" where its weights are installed, else for "information".

    Returns:
        None for "information": that of the codec bank itself.

    Raises:
        GenscError: no such source, or no such weights.
    """
    from gensc_models.catalogue import importance

    name = name or ("learned" if importance.learned_is_installed() else INFORMATION)
    if name == INFORMATION:
        return None
    with _one_line(f"importance {name!r}"):
        return importance.load_importance(name)


def default_rate_tables(bank: str = BANK) -> Path:
    """The file of rate tables that lies beside a bank's weights.

    Raises:
        GenscError: no such weights, or no tables beside them.
    """
    from gensc_models.weights.store import locate

    with _one_line(f"bank {bank!r}"):
        path = locate(bank) / RATE_TABLES
    if not path.is_file():
        raise GenscError(f"{path}: no rate tables (gensc adapt writes them)")
    return path


def load_inpainter(model: str) -> Inpainter:
    """An inpainter by what `gensc_models.catalogue.inpainters.load_inpainter` calls it.

    Raises:
        GenscError: no such model, or damaged weights.
    """
    from gensc_models.catalogue.shared import shared_inpainter

    with _one_line(f"inpainter {model!r}"):
        return shared_inpainter(model)


def load_refiner(model: str) -> Refiner | PluggedEditor:
    """A refiner by the name of its weights, or a path.

    Raises:
        GenscError: no such weights, or damaged ones.
    """
    from gensc_models.catalogue.shared import shared_refiner

    with _one_line(f"refiner {model!r}"):
        return shared_refiner(model)


def load_captioner(captioner: str) -> Captioner:
    """A captioner by name: "layout", "blip", or "blip:" and a name or folder.

    Raises:
        GenscError: no such captioner, or its weights cannot be had.
    """
    from gensc_models.semantics.captions import LayoutCaptioner

    if captioner == "layout":
        return LayoutCaptioner()
    kind, _, name = captioner.partition(":")
    if kind != "blip":
        raise GenscError(f"captioner {captioner!r}: there are layout and blip:NAME")
    from gensc_models.foundation.blip import DEFAULT, BlipCaptioner
    from gensc_models.weights.hub import UnavailableError

    with _one_line(f"captioner {captioner!r}", UnavailableError):
        return BlipCaptioner(name or DEFAULT)


def load_editor(editor: str | Editor | SafeEditor, limit_s: float) -> SafeEditor:
    """An editor, by name (see `gensc_models.catalogue.editors.load_editor`) or itself, kept within
    limits.

    One that is kept within limits already stays as it is: it knows what it is still busy with.

    Raises:
        GenscError: no such editor, or its weights cannot be had.
    """
    from gensc_models.catalogue import editors
    from gensc_models.restore.editing import SafeEditor
    from gensc_models.weights.hub import UnavailableError

    with _one_line(f"editor {editor!r}", UnavailableError):
        found = editors.load_editor(editor) if isinstance(editor, str) else editor
    return found if isinstance(found, SafeEditor) else SafeEditor(found, limit_s)
