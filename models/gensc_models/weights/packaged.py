"""Weights that packages of the extra ``pretrained`` carry: found as files, nothing imported.

What such packages have for code (bindings to graphics drivers, notebooks) is none of our business;
their files are.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from gensc_models.weights.hub import UnavailableError

EXTRA = "pretrained"


def packaged(module: str, file: str, what: str) -> Path:
    """The file of that name below an installed module, which ``what`` is the weights of.

    Raises
    ------
    UnavailableError
        The package is not installed or has no such file; one line with the way out.
    """
    spec = find_spec(module)
    places = [Path(place) / file for place in (spec and spec.submodule_search_locations) or ()]
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        reason = f"no {file} in {module}" if spec else f"no package {module}"
        raise UnavailableError(f"{what}: pip install 'gr-gensc[{EXTRA}]'", reason)
    return found
