"""One copy of a network per process, for all who only use it.

An encoder block, a decoder block and the program around them ask for the same weights; loading
them takes longer than coding a photo does. What is handed out here is shared: whoever wants to
train or to move a network loads a copy of its own (:func:`gensc_models.load_codec`).
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

from gensc_models.catalogue import codecs, plugins
from gensc_models.codecs.codec import Codec
from gensc_models.codecs.guarded import GuardedCodec
from gensc_models.weights import store as weights
from gensc_models.weights.fingerprint import fingerprint

if TYPE_CHECKING:
    from gensc_models.codecs.bank import HyperpriorCodec
    from gensc_models.codecs.gened.codec import GenedCodec
    from gensc_models.restore.editing.plugged import PluggedEditor
    from gensc_models.restore.inpainting import Inpainter
    from gensc_models.restore.refiner import Refiner


T = TypeVar("T")

# Weak: a network lives as long as somebody uses it, and no longer.
_loaded: WeakValueDictionary[tuple[Hashable, ...], Any] = WeakValueDictionary()
# Blocks of several flowgraphs may be made at once.
_loading = threading.Lock()


def shared_codec(name_or_path: str | Path) -> Codec:
    """The codec of that name, on the CPU.

    Raises
    ------
    WeightsError
        As :func:`gensc_models.load_codec`.
    """
    name = str(name_or_path)
    if name == weights.AUTO:
        return _family()
    folder = codecs.weights_folder(name)
    if folder is not None:
        return _shared(codecs.kind_of(folder), folder)
    return _once((GuardedCodec, *plugins.origin(name)), lambda: codecs.load_codec(name))


def shared_codec_by_fingerprint(number: int, places: Sequence[str] = ()) -> Codec:
    """The codec that a burst header names: weights, or else an entry point.

    ``places`` are looked into as well: folders as :func:`weights.with_fingerprint` takes them, and
    whatever else :func:`shared_codec` takes.

    Raises
    ------
    WeightsError
        None is installed, several differ, or what is installed is no codec of images.
    """
    try:
        codec = shared_codec(weights.with_fingerprint(number, places).path)
        if codec.fingerprint != number:
            raise weights.WeightsError(f"weights {number:04x} are a codec bank: bits, no symbols")
        return codec
    except weights.NotInstalledError:
        others = [place for place in places if not Path(place).is_dir()]
        if number == _family_fingerprint():
            return shared_codec(weights.AUTO)
        for name in [*others, *plugins.installed(plugins.CODEC)]:
            with contextlib.suppress(weights.WeightsError):  # one that fails hides no other
                codec = shared_codec(name)
                if codec.fingerprint == number:
                    return codec
        raise


def shared_gened(name_or_path: str | Path) -> GenedCodec:
    """The dual-branch codec of that name or folder, on the CPU.

    Raises
    ------
    WeightsError
        As :func:`gensc_models.codecs.gened.codec.load_gened`.
    """
    from gensc_models.codecs.gened.codec import GenedCodec

    return _shared(GenedCodec, name_or_path)


def shared_bank(name_or_path: str | Path) -> HyperpriorCodec:
    """The codec bank of that name or folder, on the CPU.

    Raises
    ------
    WeightsError
        As :meth:`gensc_models.codecs.bank.HyperpriorCodec.from_pretrained`.
    """
    from gensc_models.codecs.bank import HyperpriorCodec

    return _shared(HyperpriorCodec, name_or_path)


def shared_inpainter(name: str) -> Inpainter:
    """The inpainter that :func:`gensc_models.catalogue.inpainters.load_inpainter` calls so, on the
    CPU.

    Raises
    ------
    WeightsError, ValueError
        As there.
    """
    from gensc_models.catalogue.inpainters import has_weights, load_inpainter
    from gensc_models.restore.inpainting import DiffusionInpainter

    return _shared(DiffusionInpainter, name) if has_weights(name) else load_inpainter(name)


def shared_refiner(name_or_path: str | Path) -> Refiner | PluggedEditor:
    """The refiner of that name or folder, or a plug-in that is one, on the CPU.

    Raises
    ------
    WeightsError
        As :func:`gensc_models.restore.refiner.load_refiner`.
    """
    from gensc_models.restore.refiner import Refiner

    if plugins.names_one(plugins.EDITOR, str(name_or_path)):
        return shared_plugged_editor(str(name_or_path))
    return _shared(Refiner, name_or_path)


def shared_plugged_editor(name: str) -> PluggedEditor:
    """The plug-in of that name, as an editor and as a refiner.

    Raises
    ------
    WeightsError
        It fails; one line.
    """
    from gensc_models.restore.editing.plugged import PluggedEditor

    def load() -> PluggedEditor:
        made = plugins.load(plugins.EDITOR, name)
        return PluggedEditor(made, plugins.short(name), plugins.reason)

    return _once((PluggedEditor, *plugins.origin(name)), load)


def _family() -> Codec:
    """The controller, on the shared networks of its members."""
    from gensc_models.codecs.auto.codec import ANALOG, AutoCodec, family
    from gensc_models.codecs.auto.table import TABLE, read_table

    file = weights.locate(weights.BANK) / TABLE
    table = read_table(file)
    members = family(shared_bank(weights.BANK), shared_codec(ANALOG))
    key = (AutoCodec, file, file.stat().st_mtime, *(m.sha256 for m in members.values()))
    return _once(key, lambda: AutoCodec(members, table))


def _family_fingerprint() -> int | None:
    """What burst headers call the controller; None where it is not there."""
    from gensc_models.codecs.auto.codec import ANALOG, identity_of
    from gensc_models.codecs.auto.table import TABLE

    try:
        banked, analog = (weights.locate(name) for name in (weights.BANK, ANALOG))
        if not (banked / TABLE).is_file():
            return None
        digests = (weights.read_config(folder)["sha256"] for folder in (banked, analog))
        return fingerprint(identity_of(*digests))
    except weights.WeightsError:
        return None


def _shared(kind: Any, name_or_path: str | Path) -> Any:
    folder = weights.locate(name_or_path)
    # The config carries the SHA-256 of the tensors: weights that were trained on are loaded again.
    config = json.dumps(weights.read_config(folder), sort_keys=True, allow_nan=False)
    return _once((kind, folder.resolve(), config), lambda: kind.from_pretrained(folder))


def _once(key: tuple[Hashable, ...], load: Callable[[], T]) -> T:
    """What is loaded under that key, or loads it."""
    with _loading:
        found = _loaded.get(key)
        if found is None:
            found = _loaded[key] = load()
        return found
