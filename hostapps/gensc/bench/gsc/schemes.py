"""The schemes that are compared, with the weights they need; what is missing is said, not fatal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gensc.system import codecs
from gensc.system.errors import UserError
from gensc.system.weights import Weights

if TYPE_CHECKING:
    from gensc_models.codecs.codec import Codec
    from gensc_models.restore.editing.plugged import PluggedEditor
    from gensc_models.restore.refiner import Refiner

GSC, NGF, DEEPJSCC, SOFTCAST = "gsc", "ngf", "deepjscc", "softcast"
JPEG, SCALED_JPEG = "jpeg+ldpc+qam", "jpeg-scaled+ldpc+qam"
#: Drawn and listed in this order.
ORDER = (GSC, NGF, DEEPJSCC, JPEG, SCALED_JPEG, SOFTCAST)


@dataclass(frozen=True)
class System:
    """A codec as a scheme, and the scheme it becomes with a refiner behind it.

    Attributes:
        scheme: what the codec alone is called.
        codec, weights: it and which weights it has.
        refined: what it is called with the refiner; "" without one.
        refiner, refiner_weights: None without one.
    """

    scheme: str
    codec: Codec
    weights: Weights
    refined: str = ""
    refiner: Refiner | PluggedEditor | None = None
    refiner_weights: Weights | None = None


@dataclass
class Systems:
    """All systems of an experiment.

    Attributes:
        found: those whose weights are installed.
        missing: scheme → why it is left out.
    """

    found: list[System] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    def weights(self) -> dict[str, str]:
        """Name → SHA-256 of everything loaded."""
        used = [w for s in self.found for w in (s.weights, s.refiner_weights) if w is not None]
        return {w.id: w.sha256 for w in used}

    def of(self, scheme: str) -> System | None:
        """The system that is this scheme, refined or not."""
        return next((s for s in self.found if scheme in (s.scheme, s.refined)), None)


def cifar_systems() -> Systems:
    """GSC, NGF, DeepJSCC and SoftCast for CIFAR-10."""
    systems = Systems()
    _add_gsc(systems, "swin-cifar", "refiner-cifar")
    _add(systems, DEEPJSCC, "deepjscc-cifar")
    _add(systems, SOFTCAST, codecs.LINEAR)
    return systems


def photo_systems() -> Systems:
    """The same for photos; where the Swin codec is missing, GSC refines this project's DeepJSCC."""
    systems = Systems()
    if _installed("swin-photo"):
        _add_gsc(systems, "swin-photo", "refiner-photo")
        _add(systems, DEEPJSCC, codecs.DEFAULT)
    else:
        _add_gsc(systems, codecs.DEFAULT, "refiner-photo")
        systems.missing[DEEPJSCC] = "no swin-photo: deepjscc-photo is the codec of GSC and NGF here"
    _add(systems, SOFTCAST, codecs.LINEAR)
    return systems


def _installed(name: str) -> bool:
    from gensc_models import available

    return any(info.name == name for info in available())


def _add(systems: Systems, scheme: str, name: str) -> None:
    try:
        systems.found.append(System(scheme, *codecs.load(name)))
    except UserError as error:
        systems.missing[scheme] = str(error)


def _add_gsc(systems: Systems, codec_name: str, refiner_name: str) -> None:
    try:
        codec, weights = codecs.load(codec_name)
    except UserError as error:
        systems.missing |= {GSC: str(error), NGF: str(error)}
        return
    try:
        loaded = codecs.load_refiner(refiner_name)
    except UserError as error:
        systems.missing[GSC] = str(error).removeprefix(f"--refine {refiner_name}: ")
        systems.found.append(System(NGF, codec, weights))
        return
    assert loaded is not None
    systems.found.append(System(NGF, codec, weights, GSC, *loaded))
