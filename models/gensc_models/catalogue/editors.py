"""Editors by name: the compact refiner's weights, Real-ESRGAN, or a diffusers pipeline."""

from __future__ import annotations

from gensc_models.catalogue import plugins
from gensc_models.catalogue.shared import shared_plugged_editor, shared_refiner
from gensc_models.foundation.editing import DiffusersEditor
from gensc_models.foundation.pipelines import PipelineConfig
from gensc_models.foundation.realesrgan import load_realesrgan
from gensc_models.foundation.realesrgan.editor import NAME as REALESRGAN
from gensc_models.restore.editing.editor import Editor, RefinerEditor
from gensc_models.restore.refiner import Refiner

DIFFUSERS = "diffusers:"
TASK = "task="


def load_editor(name: str) -> Editor:
    """The editor of that name.

    Parameters
    ----------
    name
        Name or folder of a refiner's weights, ``path/to/file.py:NAME``, an entry point
        ``gensc.editors`` of an installed package, ``realesrgan[:REDUCTION]``, or ``diffusers:``
        and the name or folder of a pipeline, with settings of
        :class:`~gensc_models.foundation.pipelines.PipelineConfig` behind it:
        ``diffusers:Qwen/Qwen-Image-Edit,device=cuda,offload=model,steps=40``. ``task=inpaint``
        makes an inpainting model of a text-to-image one.

    Raises
    ------
    WeightsError
        No refiner of that name, or the file of Real-ESRGAN's package is damaged.
    UnavailableError
        An extra is missing, or the pipeline's weights are neither here nor to be fetched.
    ValueError
        A setting that there is not, or that makes no sense.
    """
    if plugins.names_one(plugins.EDITOR, name):
        return shared_plugged_editor(name)
    first, _, behind = name.partition(":")
    if first == REALESRGAN:
        return load_realesrgan(behind)
    if not name.startswith(DIFFUSERS):
        refiner = shared_refiner(name)
        return RefinerEditor(refiner) if isinstance(refiner, Refiner) else refiner
    # The one setting that is not the pipeline's own.
    settings = name.removeprefix(DIFFUSERS).split(",")
    tasks = [setting for setting in settings if setting.startswith(TASK)]
    config = PipelineConfig.parse(",".join(s for s in settings if s not in tasks))
    task = tasks[-1].removeprefix(TASK) if tasks else "edit"
    if config.controlnet:
        raise ValueError(f"controlnet={config.controlnet}: an editor has no outlines to show it")
    if task == "edit":
        return DiffusersEditor(config, "edit")
    if task == "inpaint":
        return DiffusersEditor(config, "inpaint")
    raise ValueError(f"task={task}: must be edit or inpaint")
