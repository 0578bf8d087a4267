"""The stages that a configuration asks for."""

from __future__ import annotations

from collections.abc import Callable

from gensc.editing.choose import NONE as NO_EDITOR
from gensc.receiver.config import NO_INPAINTER, StageConfig
from gensc.receiver.stage_work import Command
from gensc.receiver.stages import Made, Stage, Stages, StageState
from gensc.system import codecs

INPAINTED, REFINED, EDITED = "inpainted", "refined", "edited"
_WORK = "gensc.receiver.stage_work"


def refine_command(model: str) -> Command | None:
    """Refining with these weights; None for "none"."""
    if model == codecs.NO_REFINER:
        return None
    return Command(f"{_WORK}:refine", {"model": model}, model)


def make_stages(
    config: StageConfig, done: Callable[[Made], None], changed: Callable[[StageState], None]
) -> Stages:
    """Inpainting, refining and editing, in this order; those that are "none" pass everything on.

    Raises:
        UserError: no such refiner.
    """
    codecs.load_refiner(config.refine)
    inpaint = edit = None
    if config.inpaint != NO_INPAINTER:
        inpaint = Command(f"{_WORK}:inpaint", {"model": config.inpaint}, config.inpaint)
    if config.edit != NO_EDITOR:
        told = {"editor": config.edit, "limit_s": config.edit_limit_s}
        edit = Command(f"{_WORK}:edit", told, config.edit)
    return Stages(
        [
            Stage(INPAINTED, inpaint, config, done, changed),
            Stage(REFINED, refine_command(config.refine), config, done, changed),
            Stage(EDITED, edit, config, done, changed),
        ]
    )
