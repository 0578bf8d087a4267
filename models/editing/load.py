"""Editors by name: the compact refiner's weights, or a diffusers pipeline with its settings."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from gensc_models.editing.editor import Editor, RefinerEditor

DIFFUSERS = "diffusers:"


def load_editor(name: str) -> Editor:
    """The editor of that name.

    Parameters
    ----------
    name
        Name or folder of a refiner's weights, or ``diffusers:`` and the name or folder of a
        pipeline, with settings of
        :class:`~gensc_models.foundation.pipelines.PipelineConfig` behind it:
        ``diffusers:Qwen/Qwen-Image-Edit,device=cuda,offload=model,steps=40``. ``task=inpaint``
        makes an inpainting model of a text-to-image one.

    Raises
    ------
    WeightsError
        No refiner of that name.
    UnavailableError
        The extra is missing, or the pipeline's weights are neither here nor to be fetched.
    ValueError
        A setting that there is not, or that makes no sense.
    """
    if not name.startswith(DIFFUSERS):
        from gensc_models.shared import shared_refiner

        return RefinerEditor(shared_refiner(name))
    from gensc_models.foundation.editing import DiffusersEditor
    from gensc_models.foundation.pipelines import PipelineConfig

    pipeline, *settings = name.removeprefix(DIFFUSERS).split(",")
    options = _options(settings)
    task = options.pop("task", "edit")
    if task not in ("edit", "inpaint"):
        raise ValueError(f"task={task}: must be edit or inpaint")
    return DiffusersEditor(PipelineConfig(pipeline, **options), task)


def _options(settings: list[str]) -> dict[str, Any]:
    """``key=value`` strings as arguments of a ``PipelineConfig``, of its fields' types."""
    from gensc_models.foundation.pipelines import PipelineConfig

    kinds: dict[str, type] = {"task": str}
    for field in fields(PipelineConfig):
        if field.name != "name":
            kinds[field.name] = float if field.default is None else type(field.default)
    options: dict[str, Any] = {}
    for setting in settings:
        key, _, value = setting.partition("=")
        if key not in kinds:
            raise ValueError(f"{setting}: the settings are {', '.join(kinds)}")
        try:
            options[key] = kinds[key](value)
        except ValueError as error:
            raise ValueError(f"{setting}: {value!r} is no {kinds[key].__name__}") from error
    return options
