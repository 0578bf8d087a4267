"""Training runs of GenED-SC: which configuration what a user asks comes to."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from gensc.system.errors import UserError
from gensc.training.analog import Plan, Request


class Variant(str, Enum):
    """The whole scheme, and what the ablation tables take away from it."""

    full = "full"
    single_branch = "single-branch"
    no_semantic_objective = "no-semantic-objective"
    no_importance = "no-importance"
    swin_both = "swin-both"
    cbam_both = "cbam-both"


def plan_gened(
    request: Request,
    maps: Path,
    variant: Variant = Variant.full,
    photos: tuple[Path, ...] = (),
    importance: str = "",
    clip: str = "",
    features: str = "auto",
    prefixes: tuple[str, ...] = ("",),
    bfloat16: bool = False,
) -> Plan:
    """The dual-branch codec.

    Args:
        request: ``data`` is one folder of photos, ``codec`` the photo codec that it starts from.
        maps: folder of greyscale maps of their saliency, named like them.
        variant: what is left out.
        photos: folders of photos without maps.
        importance: weights that make the maps of these.
        clip: model of open_clip whose score map is followed; empty for none.
        features: network of the contextual loss.
        prefixes: beginnings of the names of the photos to take.
        bfloat16: networks in bfloat16.

    Raises:
        UserError: data or options that do not go together.
    """
    from gensc_models.training.recipes.gened import GenedTrainConfig, train, trunk_of

    if len(request.data) > 1:
        raise UserError(
            f"{request.data[1]}: photos with maps are one folder; others go by --photos"
        )
    for folder in (*request.data, maps, *photos):
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder")
    if bool(photos) != bool(importance):
        raise UserError("--photos and --importance go together: one makes the other's maps")
    start = request.codec or "deepjscc-photo"
    config = GenedTrainConfig(
        images=request.data[0], maps=maps, out=request.out, variant=variant.value,
        photos=photos, importance=importance, clip_model=clip, features=features, start=start,
        prefixes=prefixes, bfloat16=bfloat16, **request.common(),
    )  # fmt: skip
    try:
        model = config.with_trunk(trunk_of(start)[0])
    except ValueError as error:
        raise UserError(f"--codec {start}: {error}") from error
    return Plan(train, config, model.described())


def plan_editor(request: Request, refiner: str = "refiner-photo", bfloat16: bool = False) -> Plan:
    """The compact editor behind the dual-branch codec.

    Args:
        request: ``data`` are folders of photos, ``codec`` the codec whose images it learns on.
        refiner: weights that it starts from.
        bfloat16: network in bfloat16.

    Raises:
        UserError: no such folder of photos, or no such refiner.
    """
    from gensc.system import codecs
    from gensc_models.training.recipes.editor import EditorTrainConfig, train, whole_correction

    for folder in request.data:
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder of photos")
    start = codecs.load_refiner(refiner)
    if start is None:
        raise UserError("--refiner none: an editor starts from a refiner")
    config = EditorTrainConfig(
        data=request.data, out=request.out, exclude_prefix=request.exclude_prefix,
        codec=request.codec or "gened-photo", refiner=refiner, bfloat16=bfloat16,
        **request.common(),
    )  # fmt: skip
    return Plan(train, config, {"network": whole_correction(start[0].config).as_json()})
