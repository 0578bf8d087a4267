"""The libraries of the extra ``foundation``, imported when the first model that needs them is."""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import ModuleType

from gensc_models.weights.hub import UnavailableError, impatient_hub

EXTRA = "foundation"


class FoundationError(ValueError):
    """A foundation model is asked for what makes no sense, or has failed; one line says why."""


class FoundationRefusedError(FoundationError):
    """The model will not answer this: asking again is pointless."""


def library(name: str, purpose: str) -> ModuleType:
    """The module ``name``, which ``purpose`` needs; it no longer draws a bar for every file.

    Raises
    ------
    UnavailableError
        It is not installed; the message names the extra that brings it.
    """
    try:
        importlib.import_module(f"{name}.utils.logging").disable_progress_bar()
        return importlib.import_module(name)
    except (ImportError, RuntimeError) as error:  # RuntimeError: it is there, but not what it needs
        what = f"{purpose} needs {name}: pip install 'gr-gensc[{EXTRA}]'"
        raise UnavailableError(what, error) from error


def hub_of(name: str) -> AbstractContextManager[None]:
    """:func:`~gensc_models.weights.hub.impatient_hub` for what may have to be fetched, not for
    folders.
    """
    return nullcontext() if Path(name).is_dir() else impatient_hub()
