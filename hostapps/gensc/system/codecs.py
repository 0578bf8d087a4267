"""Weights for host applications: loading with one clear line on failure, listing, limits."""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from gensc.system.errors import UserError
from gensc.system.weights import Weights

if TYPE_CHECKING:
    from gensc_models import Codec, WeightsInfo
    from gensc_models.catalogue.plugins import Kind
    from gensc_models.codecs.gened.codec import GenedCodec
    from gensc_models.restore.editing.plugged import PluggedEditor
    from gensc_models.restore.refiner import Refiner

#: Weights used where no --model is given.
DEFAULT = "deepjscc-photo"
#: Channel symbols per 16×16 block where no --rate is given: CBR 1/24.
DEFAULT_RATE = 32
#: The linear analog code that every comparison carries.
LINEAR = "softcast"
#: Refiner used where one is wanted and no --refine is given.
DEFAULT_REFINER = "refiner-photo"
#: Editor that needs no model but ours.
DEFAULT_EDITOR = "editor-photo"
#: --refine that leaves every image as the decoder gave it.
NO_REFINER = "none"
#: Most complex symbols of one section a receiver accepts (memory a header can ask for).
MAX_SECTION_SYMBOLS = 1 << 22


@dataclass(frozen=True)
class ListedWeights:
    """One set of weights as `gensc models` shows it.

    Attributes:
        name: what --model takes.
        fingerprint: what a burst header carries, hexadecimal; "" for weights that are no codec.
        size: of the weights file, bytes; 0 for classes of installed packages.
        sha256: of the weights file.
        card: the model card, Markdown.
    """

    name: str
    fingerprint: str
    size: int
    sha256: str
    card: str

    @property
    def summary(self) -> str:
        """First line of prose of the card."""
        prose = (line.strip() for line in self.card.splitlines())
        return next((line for line in prose if line and line[0].isalpha()), "")

    def as_dict(self) -> dict[str, object]:
        """As it goes into JSON."""
        return {
            "name": self.name,
            "fingerprint": self.fingerprint or None,
            "size": self.size,
            "sha256": self.sha256,
            "summary": self.summary,
        }


def list_weights(name: str = "") -> list[ListedWeights]:
    """All weights and plug-ins at hand, or those called `name`.

    Raises:
        UserError: there are none, or none of that name.
    """
    from gensc_models import available
    from gensc_models.catalogue import plugins

    infos = {info.name: info for info in available()}
    others = {
        n: kind
        for kind in (plugins.CODEC, plugins.EDITOR, plugins.IMPORTANCE)
        for n in plugins.installed(kind)
        if n not in infos
    }
    known = ", ".join([*infos, *others])
    if name and name not in infos and name not in others:
        raise UserError(f"no weights called {name!r} (installed: {known or 'none'})")
    if not known:
        raise UserError("no weights found: clone the repository again, or gensc train --list")
    listed = [_listed(info) for info in infos.values() if name in ("", info.name)]
    return listed + [_plugged(n, kind) for n, kind in others.items() if name in ("", n)]


def _listed(info: WeightsInfo) -> ListedWeights:
    card = info.path / "README.md"
    return ListedWeights(
        name=info.name,
        fingerprint=f"{info.fingerprint:04x}" if info.fingerprint else "",
        size=info.size_bytes,
        sha256=info.sha256,
        card=card.read_text(encoding="utf-8") if card.exists() else "",
    )


def _plugged(name: str, kind: Kind) -> ListedWeights:
    """A class of an installed package; why it cannot be used, where it cannot."""
    from gensc_models import WeightsError
    from gensc_models.catalogue import plugins
    from gensc_models.codecs.guarded import GuardedCodec

    where = plugins.installed(kind)[name].value
    try:
        made = plugins.load(kind, name)
    except WeightsError as error:
        return ListedWeights(name, "", 0, "", f"Cannot be used: {error}")
    about = f"{(inspect.getdoc(type(made)) or kind.what.capitalize()).splitlines()[0]} ({where})"
    if kind is not plugins.CODEC:
        return ListedWeights(name, "", 0, "", about)
    codec = GuardedCodec(made, name, plugins.reason)
    return ListedWeights(name, f"{codec.fingerprint:04x}", 0, codec.sha256, about)


def load(name: str = "", several: bool | None = False) -> tuple[Codec, Weights]:
    """A codec by what `gensc_models.load_codec` calls it ("" is the default one), and its weights.

    It is shared with everything else in this process that uses the same weights.

    Args:
        name: weights by name or folder, `path/to/file.py:NAME`, or an entry point.
        several: whether its images have several sections; None takes either.

    Raises:
        UserError: no such codec, an unusable one, or not of these.
    """
    from gensc_models import WeightsError
    from gensc_models.catalogue.shared import shared_codec

    try:
        codec = shared_codec(name or DEFAULT)
    except WeightsError as error:
        raise UserError(str(error)) from error
    if several is not None and codec.several != several:
        raise UserError(f"{codec.name} is {'not ' if several else ''}a codec of several sections")
    return codec, Weights(codec.name, codec.sha256)


def weights_of(fingerprint: int) -> Weights | None:
    """The installed codec that a burst header names; None where none is."""
    from gensc_models import WeightsError
    from gensc_models.catalogue.shared import shared_codec_by_fingerprint

    try:
        codec = shared_codec_by_fingerprint(fingerprint)
    except WeightsError:
        return None
    return Weights(codec.name, codec.sha256)


def load_gened(name: str) -> tuple[GenedCodec, Weights]:
    """A dual-branch codec by name or folder and which weights it has; shared as by `load`.

    Raises:
        UserError: no such weights, damaged ones, or another kind.
    """
    from gensc_models import WeightsError
    from gensc_models.catalogue.shared import shared_gened

    try:
        codec = shared_gened(name)
    except WeightsError as error:
        raise UserError(str(error)) from error
    return codec, Weights(codec.name, codec.sha256)


def load_refiner(name: str) -> tuple[Refiner | PluggedEditor, Weights] | None:
    """A refiner by name or folder, or a plug-in, and its weights; None where `name` is "none".

    Raises:
        UserError: no such weights, or damaged ones.
    """
    from gensc_models import WeightsError
    from gensc_models.catalogue.shared import shared_refiner

    if name == NO_REFINER:
        return None
    try:
        refiner = shared_refiner(name)
    except WeightsError as error:
        raise UserError(f"--refine {name}: {error}") from error
    return refiner, Weights(refiner.name, refiner.sha256)


def default_refiner() -> str:
    """The default refiner's name, or "none" where its weights are not installed."""
    from gensc_models import available

    installed = any(info.name == DEFAULT_REFINER for info in available())
    return DEFAULT_REFINER if installed else NO_REFINER


def refiners() -> list[str]:
    """The installed refiners by name, and "none"."""
    from gensc_models import available

    return [NO_REFINER, *(info.name for info in available() if info.kind == "refiner")]


def check_place(place: str) -> str:
    """A place where codecs are looked for, which has one.

    Raises:
        UserError: nothing there, or no codec.
    """
    from gensc_models import WeightsError
    from gensc_models.catalogue.shared import shared_codec
    from gensc_models.weights.store import CONFIG

    folder = Path(place)
    if folder.is_dir() and not (folder / CONFIG).is_file():
        if not any(folder.glob(f"*/{CONFIG}")):
            raise UserError(f"--model {place}: no weights in this folder")
        return place
    try:
        shared_codec(place)
    except WeightsError as error:
        raise UserError(f"--model {place}: {error}") from error
    return place


def check_rate(value: float) -> int:
    """A rate from the command line as an integer of 1…128 symbols per 16×16 block."""
    if value != int(value) or not 1 <= value <= 128:
        raise UserError(f"--rate {value:g}: must be a whole number from 1 to 128")
    return int(value)


def check_rate_of(codec: Codec, rate: int) -> int:
    """A rate that the codec can send at: some are made for one only.

    Raises:
        UserError: it cannot; with its reason.
    """
    import numpy as np

    check_rate(rate)
    if codec.several or len(codec.rates) > 1 or rate in codec.rates:
        return rate
    try:
        codec.encode_image(np.zeros((32, 32, 3), np.uint8), rate, 10.0)
    except ValueError as error:
        raise UserError(f"{codec.name}: {error}: --rate {codec.rates[0]}") from error
    return rate


def check_snrs(values: list[float]) -> list[float]:
    """SNRs from the command line; refuses what is no operating point of any link."""
    for value in values:
        if not math.isfinite(value) or not -30 <= value <= 60:
            raise UserError(f"--snr {value:g}: must be between -30 and 60 dB")
    return values


def check_fits(name: str, shape: tuple[int, ...], rate: int) -> None:
    """Refuse a picture whose symbols would be more than a receiver accepts."""
    from gensc_models.codecs.layout import symbols_for

    count = symbols_for(shape[0], shape[1], rate)
    if count > MAX_SECTION_SYMBOLS:
        raise UserError(
            f"{name}: {shape[1]}x{shape[0]} at --rate {rate} needs {count} channel symbols, more "
            f"than the limit of {MAX_SECTION_SYMBOLS}; use a lower --rate or --max-side 2048"
        )


def gnuradio_blocks() -> ModuleType:
    """The package `gnuradio.gensc`.

    Raises:
        UserError: GNU Radio or the blocks are not installed.
    """
    try:
        from gnuradio import gensc, gr
    except ImportError as error:
        raise UserError(f"{error}: run make setup, then gensc doctor") from error
    # Below warnings GNU Radio reports the size of every buffer.
    gr.logging().set_default_level(gr.log_levels.warn)
    return gensc
