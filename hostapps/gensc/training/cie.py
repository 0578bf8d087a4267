"""Training runs of the parts of GVIF-CIE: which trainer, with which configuration."""

from __future__ import annotations

from dataclasses import asdict
from enum import Enum
from pathlib import Path

from gensc.system.errors import UserError
from gensc.training.analog import Plan, Request


class CiePart(str, Enum):
    """What GVIF-CIE is made of and can be trained."""

    codec = "codec"
    classifier = "classifier"
    importance = "importance"
    inpainter = "inpainter"


def plan_cie(
    part: CiePart,
    request: Request,
    maps: Path | None = None,
    validation: Path | None = None,
    start: str = "",
) -> Plan:
    """A part of GVIF-CIE.

    Args:
        part: which.
        request: classifier: one pack of small JPEG files (.npz); the others: folders of photos.
        maps: importance: folder of greyscale maps named like the photos; inpainter: of maps whose
            shapes half of the holes get, None for blobs like them.
        validation: classifier: pack to measure its accuracy on as it learns.
        start: importance: classifier whose backbone it begins with; empty for none.

    Raises:
        UserError: data or options that do not go with the part.
    """
    given = {"--maps": maps, "--validation": validation, "--start": start}
    own = {
        CiePart.codec: set(),
        CiePart.classifier: {"--validation"},
        CiePart.importance: {"--maps", "--start"},
        CiePart.inpainter: {"--maps"},
    }[part]
    for name, value in given.items():
        if value and name not in own:
            raise UserError(f"{name} is not for --part {part.value}")
    if part is CiePart.codec:
        return _plan_codec(request)
    if part is CiePart.classifier:
        return _plan_classifier(request, validation)
    if part is CiePart.inpainter:
        return _plan_inpainter(request, maps)
    return _plan_importance(request, maps, start)


def _plan_codec(request: Request) -> Plan:
    from gensc_models.training.recipes.bank import TrainConfig, train

    config = TrainConfig(
        data=request.data, out=request.out, exclude_prefix=request.exclude_prefix,
        **request.common(),
    )  # fmt: skip
    return Plan(train, config, asdict(config.model))


def _plan_classifier(request: Request, validation: Path | None) -> Plan:
    from gensc_models.data.jpeg_pack import pack_classes
    from gensc_models.semantics.importance import ClassifierConfig
    from gensc_models.training.recipes.classifier import ClassifierTrainConfig, train

    if len(request.data) > 1 or not request.data[0].is_file():
        raise UserError(f"{request.data[0]}: --part classifier takes one pack of JPEG files (.npz)")
    if request.exclude_prefix:
        raise UserError("--exclude-prefix is for photos, not for a pack")
    config = ClassifierTrainConfig(
        data=request.data[0], validation=validation, out=request.out, **request.common()
    )
    try:
        classes = pack_classes(config.data)
        model = ClassifierConfig(classes, config.stem, config.widths, config.blocks)
    except ValueError as error:
        raise UserError(f"{config.data}: {error}") from error
    return Plan(train, config, asdict(model))


def _plan_importance(request: Request, maps: Path | None, start: str) -> Plan:
    from gensc_models.training.recipes.importance import ImportanceTrainConfig, train

    if maps is None:
        raise UserError("--part importance needs --maps, a folder of maps named like the photos")
    config = ImportanceTrainConfig(
        data=request.data, maps=maps, start=start, out=request.out,
        exclude_prefix=request.exclude_prefix, **request.common(),
    )  # fmt: skip
    return Plan(train, config, asdict(config.model))


def _plan_inpainter(request: Request, maps: Path | None) -> Plan:
    from gensc_models.training.recipes.inpainter import InpainterTrainConfig, train

    config = InpainterTrainConfig(
        data=request.data, saliency=maps, out=request.out, exclude_prefix=request.exclude_prefix,
        **request.common(),
    )  # fmt: skip
    return Plan(train, config, asdict(config.model))
