"""What identifies models whose weights are in no folder of ours."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np


def digest_of(model: Any) -> str:
    """SHA-256 of a model that does not say its own: of its code and of what it has learned.

    The file that its class is from, and every array and tensor it holds. Both ends of a link have
    the same number where these are the same.
    """
    digest = hashlib.sha256()
    kind = type(model)
    try:
        digest.update(Path(inspect.getfile(kind)).read_bytes())
    except (OSError, TypeError):
        digest.update(kind.__module__.encode())
    digest.update(kind.__qualname__.encode())
    for key, array in _arrays(model):
        digest.update(f"{key} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def as_array(value: Any) -> np.ndarray:
    """A NumPy array of an array, a list or a torch tensor, wherever it lies."""
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def _arrays(holder: Any, prefix: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """The arrays and tensors that an object holds, itself and in its modules, in a fixed order."""
    state = getattr(holder, "state_dict", None)
    if callable(state):
        for key, tensor in sorted(state().items()):
            yield prefix + key, as_array(tensor)
        return
    for key, value in sorted(vars(holder).items() if hasattr(holder, "__dict__") else ()):
        if isinstance(value, np.ndarray) or hasattr(value, "detach"):
            yield prefix + key, as_array(value)
        elif callable(getattr(value, "state_dict", None)):
            yield from _arrays(value, f"{prefix}{key}.")
