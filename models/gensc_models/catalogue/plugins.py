"""Classes of other people, by name: of installed packages, or ``path/to/file.py:NAME``.

A package offers them by entry points, one group for each :class:`Kind`::

    [project.entry-points."gensc.codecs"]
    mine = "my_package.codec:Mine"

Whatever is wrong with them becomes one line.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from gensc_models.weights import store as weights
from gensc_models.weights.store import WeightsError

FILE = ".py:"


@dataclass(frozen=True)
class Kind:
    """What a class can be loaded as.

    ``group``: of entry points. ``methods``: what it must have, one of each tuple.
    """

    what: str
    group: str
    methods: tuple[tuple[str, ...], ...]


CODEC = Kind("codec", "gensc.codecs", (("encode_image",), ("decode_image",)))
EDITOR = Kind("editor", "gensc.editors", (("edit", "refine"),))
IMPORTANCE = Kind("importance", "gensc.importance", (("__call__",),))


def names_a_file(name: str) -> bool:
    """Whether a name is ``path/to/file.py:NAME``, or the file without what is meant in it."""
    return FILE in name or name.endswith(".py")


def names_one(kind: Kind, name: str) -> bool:
    """Whether a name stands for a plug-in of that kind, usable or not; weights come first."""
    if names_a_file(name):
        return True
    return name in installed(kind) and not weights.is_there(name)


def installed(kind: Kind) -> dict[str, EntryPoint]:
    """The entry points of installed packages, by name; the first of a name wins."""
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=kind.group), key=lambda point: point.name):
        found.setdefault(point.name, point)
    return found


def load(kind: Kind, name: str) -> Any:
    """A new object of the class (or of what the function makes) that a name stands for.

    Raises
    ------
    WeightsError
        No such file or entry point, or it fails, or makes no such thing; one line.
    """
    if names_a_file(name):
        path, _, attribute = name.rpartition(":") if FILE in name else (name, "", "")
        target = _attribute(kind, Path(path), attribute)
    else:
        target = _loaded(kind, name)
    made = _call(f"{kind.what} '{name}'", target) if callable(target) else target
    check(kind, name, made)
    return made


def check(kind: Kind, name: str, made: Any) -> None:
    """Refuses what has not got the methods of its kind.

    Raises
    ------
    WeightsError
        Names the first that is missing.
    """
    for methods in kind.methods:
        if not any(callable(getattr(made, method, None)) for method in methods):
            raise WeightsError(f"{kind.what} '{name}': no method {' or '.join(methods)}")


def short(name: str) -> str:
    """What a plug-in is called that has no name of its own."""
    return name.rpartition(":")[2]


def origin(name: str) -> tuple[str, float]:
    """What tells whether a name still stands for the same: a file has a time of its last change."""
    if not names_a_file(name):
        return name, 0.0
    path = Path(name.rpartition(":")[0] if FILE in name else name)
    try:
        return f"{path.resolve()}:{name.rpartition(':')[2]}", path.stat().st_mtime
    except OSError:
        return name, 0.0


def reason(error: BaseException) -> str:
    """An exception in one line: what, and the last line of a file that is none of this project."""
    frames = traceback.extract_tb(error.__traceback__)
    own = str(Path(__file__).parents[1])
    foreign = [f for f in frames if not f.filename.startswith((own, "<"))]
    where = f" ({Path(foreign[-1].filename).name}, line {foreign[-1].lineno})" if foreign else ""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}{': ' if text else ''}{text}{where}"


def _call(what: str, make: Callable[[], Any]) -> Any:
    try:
        return make()
    except Exception as error:  # whatever other people's code raises
        raise WeightsError(f"{what}: {reason(error)}") from error


def _loaded(kind: Kind, name: str) -> Any:
    point = installed(kind).get(name)
    if point is None:
        known = ", ".join(installed(kind)) or "none"
        raise WeightsError(f"no {kind.what} called '{name}' is installed ({known})")
    return _call(f"{kind.what} '{name}' of {point.value}", point.load)


def _attribute(kind: Kind, path: Path, attribute: str) -> Any:
    module = _module(kind, path)
    if hasattr(module, attribute):
        return getattr(module, attribute)
    there = [
        f"{path}:{name}"
        for name, value in vars(module).items()
        if isinstance(value, type)
        and value.__module__ == module.__name__
        and all(any(hasattr(value, m) for m in methods) for methods in kind.methods)
    ]
    missing = f"no '{attribute}' in it" if attribute else "which class of it?"
    raise WeightsError(f"{path}: {missing} (there is {', '.join(there) or f'no {kind.what}'})")


def _module(kind: Kind, path: Path) -> ModuleType:
    """The file as a module; run anew when it has changed."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror or error}") from error
    digest = hashlib.sha256(str(path.resolve()).encode() + text).hexdigest()
    name = f"_gensc_{path.stem}_{digest[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # What lies beside the file can be imported by it, and its classes can find their module.
    beside = str(path.resolve().parent)
    sys.path.insert(0, beside)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise WeightsError(f"{path}: {reason(error)}") from error
    finally:
        sys.path.remove(beside)
    return module
