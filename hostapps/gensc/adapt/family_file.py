"""What was measured, kept in a file: other limits need no second measurement."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from gensc.adapt.problem import Family
from gensc.system.errors import UserError
from gensc_phy.atomic import atomic_file

ARRAYS = ("points", "alphas", "bits", "gvif", "mse", "source")


def save_family(family: Family, path: Path) -> None:
    """Write a family to an .npz file."""
    with atomic_file(path) as file:
        np.savez_compressed(file, **{name: np.asarray(getattr(family, name)) for name in ARRAYS})


def load_family(path: Path) -> Family:
    """Read what `save_family` has written.

    Raises:
        UserError: no such file, or not one of these.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            values = {name: stored[name] for name in ARRAYS}
        return Family(
            points=tuple(int(point) for point in values["points"]),
            alphas=values["alphas"],
            bits=values["bits"],
            gvif=values["gvif"],
            mse=values["mse"],
            source=str(values["source"]),
        )
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    except (KeyError, TypeError, AttributeError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: no file of measurements ({error})") from error
