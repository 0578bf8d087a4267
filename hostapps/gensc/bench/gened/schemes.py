"""The schemes of `gensc bench gened`; header section and caption are taken from what the analog
part of a scheme has, so that all get the same number of symbols."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gensc.experiment.scheme import Scheme
from gensc.experiment.schemes.codec import CodecScheme
from gensc.experiment.schemes.generative import load_generative
from gensc.experiment.schemes.load import around_editor
from gensc.experiment.schemes.wrapped import Captioned
from gensc.system import codecs
from gensc.system.errors import UserError
from gensc_models.codecs.gened.config import VARIANTS

GENED, EDITED, SINGLE = "gened", "gened+edit", "single-branch"
SWIN, DEEPJSCC, SOFTCAST = "swinjscc", "deepjscc", "softcast"
#: Drawn and listed in this order; the variants and baselines that a user brings follow.
LABELS = {
    GENED: "GenED-SC, coarse",
    EDITED: "GenED-SC, edited (caption sent)",
    SINGLE: "single branch",
    SWIN: "SwinJSCC",
    DEEPJSCC: "DeepJSCC",
    SOFTCAST: "SoftCast (linear)",
}
WEIGHTS = {SWIN: "swin-photo", DEEPJSCC: "deepjscc-photo", SOFTCAST: codecs.LINEAR}


@dataclass
class Schemes:
    """All schemes that can be had.

    Attributes:
        found: that are compared at all points, by name.
        variants: of the ablation tables, by name.
        drawn: generative baselines, by name.
        missing: name → why it is left out.
    """

    found: dict[str, Scheme] = field(default_factory=dict)
    variants: dict[str, CodecScheme] = field(default_factory=dict)
    drawn: dict[str, Scheme] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def all(self) -> dict[str, Scheme]:
        """Each once."""
        return self.found | self.variants | self.drawn

    def dual(self) -> list[CodecScheme]:
        """The dual-branch codec and its variants."""
        coarse = self.found.get(GENED)
        return [*([coarse] if isinstance(coarse, CodecScheme) else []), *self.variants.values()]


def load_schemes(model: str, ablations: Path | None, edit: str, generator: str = "") -> Schemes:
    """The schemes whose weights are there.

    Args:
        model: dual-branch weights by name or folder; "" for the shipped ones.
        ablations: folder of weights folders, named as the variants; None has no variants.
        edit: as `gensc.editing.choose.choose_editor` takes it.
        generator: as `gensc_models.baselines.load_baselines` takes it.

    Raises:
        UserError: an editor, weights or a pipeline that were named and cannot be had.
    """
    schemes = Schemes()
    if ablations is not None and not ablations.is_dir():
        raise UserError(f"--ablations {ablations}: no such folder")
    for name, weights in {GENED: model or "gened-photo", **WEIGHTS}.items():
        try:
            load = codecs.load_gened if name == GENED else codecs.load
            schemes.found[name] = CodecScheme(load(weights)[0], name)
        except UserError as error:
            if model and name == GENED:
                raise UserError(f"--model {model}: {error}") from error
            schemes.missing[name] = str(error)
    if GENED in schemes.found:
        told = Captioned(schemes.found[GENED])
        edited = around_editor(told, edit or codecs.DEFAULT_EDITOR, EDITED)
        schemes.found |= {} if edited is None else {EDITED: edited}
    if EDITED not in schemes.found:
        schemes.missing[EDITED] = schemes.missing.get(GENED, "--edit none")
    for name in VARIANTS:
        folder = None if ablations is None else ablations / name
        if folder is None or not folder.is_dir():
            schemes.missing[name] = "no --ablations DIR with its weights"
            continue
        try:
            schemes.variants[name] = CodecScheme(codecs.load_gened(str(folder))[0], name)
        except UserError as error:
            schemes.missing[name] = str(error)
    if SINGLE in schemes.variants:
        schemes.found[SINGLE] = schemes.variants[SINGLE]
    schemes.found = {name: schemes.found[name] for name in LABELS if name in schemes.found}
    drawn, missing = load_generative(generator)
    schemes.drawn = {scheme.name: scheme for scheme in drawn}
    schemes.missing |= missing
    return schemes
