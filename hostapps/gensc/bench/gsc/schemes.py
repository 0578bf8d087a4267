"""The schemes that are compared, with the weights they need; what is missing is said, not fatal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gensc.experiment.scheme import Scheme
from gensc.experiment.schemes.files import FileScheme
from gensc.experiment.schemes.load import load_scheme
from gensc.system.errors import UserError

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
#: As `gensc compare` names them; for CIFAR-10 JPEG files have no header.
CIFAR_SCHEMES = {
    GSC: "swin-cifar+refiner-cifar",
    NGF: "swin-cifar",
    DEEPJSCC: "deepjscc-cifar",
    SOFTCAST: "softcast",
    JPEG: "jpeg-short+ldpc",
    SCALED_JPEG: "jpeg-short-scaled+ldpc",
}
PHOTO_SCHEMES = {
    GSC: "swin-photo+refiner-photo",
    NGF: "swin-photo",
    DEEPJSCC: "deepjscc-photo",
    SOFTCAST: "softcast",
    JPEG: "jpeg+ldpc",
    SCALED_JPEG: "jpeg-scaled+ldpc",
}
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


def load_systems(names: Mapping[str, str]) -> Systems:
    """The schemes of these names, as `CIFAR_SCHEMES` has them."""
    systems = Systems()
    for name, described in names.items():
        try:
            scheme = load_scheme(described)
        except UserError as error:
            systems.missing[name] = str(error)
            continue
        scheme.name = name
        if isinstance(scheme, FileScheme):
            scheme.margins = MARGINS_DB if described.startswith("jpeg-short") else {}
            systems.digital.append(scheme)
        else:
            systems.found[name] = scheme
    return systems
