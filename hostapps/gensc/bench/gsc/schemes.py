"""The schemes that are compared, with the weights they need; what is missing is said, not fatal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gensc.experiment.schemes.codec import CodecScheme
from gensc.experiment.schemes.files import FileCoder, FileScheme, Jpeg, ShortJpeg
from gensc.experiment.schemes.wrapped import Refined
from gensc.system import codecs
from gensc.system.errors import UserError

if TYPE_CHECKING:
    from gensc.experiment.scheme import Scheme

GSC, NGF, DEEPJSCC, SOFTCAST = "gsc", "ngf", "deepjscc", "softcast"
JPEG, SCALED_JPEG = "jpeg+ldpc+qam", "jpeg-scaled+ldpc+qam"
#: As figures say them, in their order.
LABELS = {
    GSC: "GSC (codec + refiner)",
    NGF: "NGF (GSC without refiner)",
    DEEPJSCC: "DeepJSCC",
    JPEG: "JPEG + LDPC + QAM",
    SCALED_JPEG: "scaled JPEG + LDPC + QAM",
    SOFTCAST: "SoftCast (linear)",
}
#: What each sender of JPEG may divide both sides of a picture by.
DIVISORS = {JPEG: (1,), SCALED_JPEG: (1, 2, 4)}
#: dB between a scheme's threshold and the mean SNR it is tried at with small pictures.
MARGINS_DB = {
    "awgn": (-0.5, 0.0, 0.5, 1.0, 1.5),
    "rayleigh": (0.0, 2.5, 5.0, 7.5, 10.0, 12.5),
}


@dataclass
class Systems:
    """All schemes of an experiment.

    Attributes:
        found: those whose weights are installed, by name.
        digital: those without weights.
        missing: name → why it is left out.
    """

    found: dict[str, Scheme] = field(default_factory=dict)
    digital: list[Scheme] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    def weights(self) -> dict[str, str]:
        """Name → SHA-256 of everything loaded."""
        return {w.id: w.sha256 for scheme in self.found.values() for w in scheme.weights}

    def refined(self) -> list[Scheme]:
        """GSC and NGF, as far as they are there."""
        return [self.found[name] for name in (GSC, NGF) if name in self.found]


def cifar_systems() -> Systems:
    """All schemes for CIFAR-10; JPEG without its header."""
    names = {NGF: "swin-cifar", DEEPJSCC: "deepjscc-cifar", SOFTCAST: codecs.LINEAR}
    return _systems(names, "refiner-cifar", ShortJpeg, MARGINS_DB)


def photo_systems() -> Systems:
    """The same for photos."""
    names = {NGF: "swin-photo", DEEPJSCC: codecs.DEFAULT, SOFTCAST: codecs.LINEAR}
    return _systems(names, "refiner-photo", Jpeg)


def _systems(
    names: Mapping[str, str],
    refiner: str,
    coder: Callable[[Sequence[int]], FileCoder],
    margins: Mapping[str, Sequence[float]] | None = None,
) -> Systems:
    """Schemes of these codecs, NGF with a refiner behind it, and JPEG."""
    from gensc_models.restore.refiner import Refiner

    digital: list[Scheme] = [
        FileScheme(name, coder(divisors), margins=margins) for name, divisors in DIVISORS.items()
    ]
    systems = Systems(digital=digital)
    for scheme, name in names.items():
        try:
            systems.found[scheme] = CodecScheme(codecs.load(name)[0], scheme)
        except UserError as error:
            systems.missing[scheme] = str(error)
    if NGF in systems.missing:
        systems.missing[GSC] = systems.missing[NGF]
        return systems
    try:
        loaded = codecs.load_refiner(refiner)
    except UserError as error:
        systems.missing[GSC] = str(error).removeprefix(f"--refine {refiner}: ")
        return systems
    assert loaded is not None
    assert isinstance(loaded[0], Refiner)
    gsc = Refined(systems.found[NGF], loaded[0], loaded[1], GSC)
    systems.found = {GSC: gsc, **systems.found}
    return systems
