"""The editor that ``--edit`` names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gensc.system.errors import UserError

if TYPE_CHECKING:
    from gensc_models.restore.editing import Editor

#: ``--edit`` that edits nothing.
NONE = "none"
SERVER = "server"
#: Editors that no weights of this project and no colon tell from a refiner.
BY_NAME = (SERVER, "realesrgan")
HELP = (
    "Editor behind the decoder: a refiner's weights, realesrgan[:1|2|4], "
    "diffusers:NAME[,steps=…,device=…], server (that GENSC_EDIT_URL, _MODEL and _KEY name), "
    "or none."
)


def choose_editor(name: str) -> Editor | None:
    """The editor of an ``--edit``; None for "none".

    Raises:
        UserError: no such weights, the pipeline cannot be had, or the server is not set.
    """
    if name == NONE:
        return None
    if name == SERVER:
        from gensc.editing.server import ServerEditor
        from gensc.remote.endpoint import Endpoint

        return ServerEditor(Endpoint.from_environment("EDIT"))
    from gensc_models.catalogue.editors import load_editor
    from gensc_models.weights.hub import UnavailableError

    try:
        return load_editor(name)
    except (ValueError, UnavailableError) as error:
        raise UserError(f"--edit {name}: {error}") from error
