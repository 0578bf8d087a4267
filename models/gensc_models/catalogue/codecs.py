"""Codecs by name.

>>> codec = load_codec("deepjscc-photo")
>>> sent = codec.encode_image(photo, rate=32, snr_db=10.0)
>>> image = codec.decode_image(sent.received(symbols, noise_var))

A name is one of

- weights: the name of a folder on the search path of :mod:`gensc_models.weights.store`, or a path
  to one. Those of a codec bank stand for the adaptive code on it, which ``adaptive`` is short for;
- ``auto``: the controller of the family (:mod:`gensc_models.codecs.auto`);
- ``path/to/file.py:NAME``: a class of that file, or a function that makes a codec;
- an entry point ``gensc.codecs`` of an installed package.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gensc_models.catalogue import plugins
from gensc_models.codecs.adaptive.codec import AdaptiveCodec
from gensc_models.codecs.auto.codec import AutoCodec
from gensc_models.codecs.codec import Codec
from gensc_models.codecs.gened.codec import KIND as GENED
from gensc_models.codecs.gened.codec import GenedCodec
from gensc_models.codecs.guarded import GuardedCodec
from gensc_models.codecs.jscc import JsccCodec
from gensc_models.codecs.networks import KINDS
from gensc_models.weights import store as weights
from gensc_models.weights.store import WeightsError


def load_codec(name_or_path: str | Path, device: str = "cpu") -> Codec:
    """The codec that a name stands for, ready to use.

    Raises
    ------
    WeightsError
        One line that names what is missing or wrong.
    """
    name = str(name_or_path)
    if name == weights.AUTO:
        return AutoCodec.from_pretrained().to(device)
    folder = weights_folder(name)
    if folder is not None:
        return kind_of(folder).from_pretrained(folder).to(device)
    made = guarded(plugins.load(plugins.CODEC, name), plugins.short(name))
    # The contract knows no devices: what can be moved is.
    moved: Codec = made.to(device) if hasattr(made, "to") else made
    return moved


def guarded(codec: Any, name: str = "") -> Codec:
    """Any object with a codec's methods, held to the contract; the project's own as they are.

    ``name`` is what it is called that has no name; the name of its class where empty.

    Raises
    ------
    WeightsError
        It has not got the methods.
    """
    if isinstance(codec, JsccCodec | GenedCodec | GuardedCodec):
        return codec
    name = name or type(codec).__name__
    plugins.check(plugins.CODEC, name, codec)
    return GuardedCodec(codec, name, plugins.reason)


def weights_folder(name: str) -> Path | None:
    """The folder of weights that a name stands for; None where it stands for a plug-in.

    Raises
    ------
    WeightsError
        It stands for neither; the message lists what there is.
    """
    if plugins.names_one(plugins.CODEC, name):
        return None
    name = weights.BANK if name == weights.ADAPTIVE else name
    if not weights.is_there(name):
        known = [info.name for info in weights.available() if is_codec(info.kind)]
        known += [weights.ADAPTIVE, weights.AUTO] if weights.is_there(weights.BANK) else []
        there = ", ".join([*known, *plugins.installed(plugins.CODEC)]) or "none"
        raise WeightsError(f"no codec called '{name}' (there is {there})")
    return weights.locate(name)


def names_of_installed() -> list[str]:
    """Every codec at hand: folders of weights, and the names of plug-ins."""
    folders = [str(info.path) for info in weights.available() if is_codec(info.kind)]
    return [*folders, *(n for n in plugins.installed(plugins.CODEC) if not weights.is_there(n))]


def is_codec(kind: str) -> bool:
    """Whether weights of that kind are a codec of the contract."""
    return kind in KINDS or kind in (GENED, weights.BANK)


def kind_of(folder: Path) -> type[JsccCodec] | type[GenedCodec] | type[AdaptiveCodec]:
    """The class of the codec whose weights lie in a folder.

    Raises
    ------
    WeightsError
        They are of another kind.
    """
    kind = weights.read_config(folder)["kind"]
    if not is_codec(kind):
        raise WeightsError(f"weights '{folder.name}' are of kind '{kind}', not a codec")
    if kind == weights.BANK:
        return AdaptiveCodec
    return GenedCodec if kind == GENED else JsccCodec
