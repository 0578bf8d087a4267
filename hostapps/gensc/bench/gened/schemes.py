"""The schemes of `gensc bench gened`; header section and caption are taken from what the analog
part of a scheme has, so that all get the same number of symbols."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gensc.experiment.scheme import Scheme
from gensc.experiment.schemes.codec import CodecScheme
from gensc.experiment.schemes.generative import load_generative
from gensc.experiment.schemes.load import around_editor, load_found
from gensc.experiment.schemes.wrapped import Captioned
from gensc.system import codecs
from gensc.system.errors import UserError
from gensc_models.codecs.gened.codec import GenedCodec
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


@dataclass(frozen=True)
class Schemes:
    """All schemes that can be had.

    Attributes:
        found: that are compared at all points, by name.
        variants: of the ablation tables, by name.
        drawn: generative baselines, by name.
        missing: name → why it is left out.
    """

    found: dict[str, Scheme]
    variants: dict[str, Scheme]
    drawn: dict[str, Scheme]
    missing: dict[str, str]

    def all(self) -> dict[str, Scheme]:
        """Each once."""
        return self.found | self.variants | self.drawn

    def dual(self) -> list[GenedCodec]:
        """The dual-branch codec and its variants."""
        several = [self.found.get(GENED), *self.variants.values()]
        codecs = [s.codec for s in several if isinstance(s, CodecScheme)]
        return [codec for codec in codecs if isinstance(codec, GenedCodec)]


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
    if ablations is not None and not ablations.is_dir():
        raise UserError(f"--ablations {ablations}: no such folder")
    found, missing = load_found({GENED: model or "gened-photo"} | WEIGHTS)
    if model and GENED in missing:
        raise UserError(f"--model {model}: {missing[GENED]}")
    if GENED in found:
        told = Captioned(found[GENED])
        edited = around_editor(told, edit or codecs.DEFAULT_EDITOR, EDITED)
        found |= {} if edited is None else {EDITED: edited}
    if EDITED not in found:
        missing[EDITED] = missing.get(GENED, "--edit none")
    folders = {} if ablations is None else {name: ablations / name for name in VARIANTS}
    there = {name: str(folder) for name, folder in folders.items() if folder.is_dir()}
    variants, damaged = load_found(there)
    missing |= {n: "no --ablations DIR with its weights" for n in VARIANTS if n not in there}
    if SINGLE in variants:
        found[SINGLE] = variants[SINGLE]
    drawn, why = load_generative(generator)
    return Schemes(
        {name: found[name] for name in LABELS if name in found},
        variants,
        {scheme.name: scheme for scheme in drawn},
        missing | damaged | why,
    )
