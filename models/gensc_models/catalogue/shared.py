"""One copy of a network per process, for all who only use it.

An encoder block, a decoder block and the program around them ask for the same weights; loading
them takes longer than coding a photo does. What is handed out here is shared: whoever wants to
train or to move a network loads a copy of its own (:func:`gensc_models.load_codec`).
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar
from weakref import WeakValueDictionary

from gensc_models.codecs.codec import JsccCodec
from gensc_models.weights import store as weights

if TYPE_CHECKING:
    from gensc_models.codecs.bank import HyperpriorCodec
    from gensc_models.codecs.gened.codec import GenedCodec
    from gensc_models.restore.inpainting import Inpainter
    from gensc_models.restore.refiner import Refiner


class _Pretrained(Protocol):
    @classmethod
    def from_pretrained(cls, name_or_path: str | Path) -> _Pretrained: ...


T = TypeVar("T", bound=_Pretrained)

# Weak: a network lives as long as somebody uses it, and no longer.
_loaded: WeakValueDictionary[tuple[type, Path, str], _Pretrained] = WeakValueDictionary()
# Blocks of several flowgraphs may be made at once.
_loading = threading.Lock()


def shared_codec(name_or_path: str | Path) -> JsccCodec:
    """The codec of that name or folder, on the CPU.

    Raises
    ------
    WeightsError
        As :func:`gensc_models.load_codec`.
    """
    return _shared(JsccCodec, name_or_path)


def shared_codec_by_wire_id(wire_id: int) -> JsccCodec:
    """The installed codec that a burst header names.

    Raises
    ------
    WeightsError
        No installed weights carry that number.
    """
    return shared_codec(weights.with_wire_id(wire_id).path)


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


def shared_refiner(name_or_path: str | Path) -> Refiner:
    """The refiner of that name or folder, on the CPU.

    Raises
    ------
    WeightsError
        As :func:`gensc_models.restore.refiner.load_refiner`.
    """
    from gensc_models.restore.refiner import Refiner

    return _shared(Refiner, name_or_path)


def _shared(kind: type[T], name_or_path: str | Path) -> T:
    folder = weights.locate(name_or_path)
    # The config carries the SHA-256 of the tensors: weights that were trained on are loaded again.
    key = (kind, folder.resolve(), json.dumps(weights.read_config(folder), sort_keys=True))
    with _loading:
        found = _loaded.get(key)
        if found is None:
            found = _loaded[key] = kind.from_pretrained(folder)
        return found
