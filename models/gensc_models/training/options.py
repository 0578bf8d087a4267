"""What a training run can be told: settings of every run, and each recipe's own options.

Options are the fields of a frozen dataclass; text such as ``sizes=32,48`` or ``smoothing=0.05``
becomes one of them by the type it is annotated with.
"""

from __future__ import annotations

import ast
import difflib
import math
import types
from collections.abc import Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

O = TypeVar("O", bound="Options")  # noqa: E741
D = TypeVar("D", bound=Any)

PRECISIONS = ("float32", "bfloat16")
DEVICES = ("auto", "cpu", "cuda")


def option(default: Any, says: str) -> Any:
    """A field of :class:`Options` with its default and the line that ``--list`` shows."""
    return field(default=default, metadata={"says": says})


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What every run is told, whatever it trains.

    ``data`` are folders or packs, of whose photos those with names that begin with one of
    ``exclude_prefix`` are left out. ``out`` is the folder of checkpoint, log, curve and weights.
    ``name`` is what the weights are to be called ("": from recipe and ``out``). ``minutes`` is the
    time of training over all resumptions (None: the recipe's own).
    """

    data: tuple[Path, ...]
    out: Path
    name: str = ""
    minutes: float | None = None
    exclude_prefix: tuple[str, ...] = ()
    device: str = "auto"
    precision: str = "float32"
    threads: int = 2
    seed: int = 1
    resume: bool = False
    max_steps: int | None = None

    def check(self) -> None:
        """Refuses what no recipe can work with.

        Raises
        ------
        FileNotFoundError
            A path that is not there.
        ValueError
            An unknown device or precision, or an ``out`` that is no folder.
        """
        if self.device not in DEVICES:
            raise ValueError(f"--device {self.device}: must be one of {', '.join(DEVICES)}")
        if self.precision not in PRECISIONS:
            raise ValueError(f"--precision {self.precision}: must be {' or '.join(PRECISIONS)}")
        if self.out.exists() and not self.out.is_dir():
            raise ValueError(f"--out {self.out}: is a file")
        for path in self.data:
            if not path.exists():
                raise FileNotFoundError(f"{path}: no such folder or pack")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What any recipe can be told by ``key=value``; recipes change defaults and add their own."""

    minutes: float = option(60.0, "time to train where --minutes does not say it")
    batch: int = option(32, "examples in a step")
    learning_rate: float = option(2e-3, "Adam's peak, for vectors and what is no kernel")
    muon_rate: float = option(5e-3, "Muon's peak, for kernels")
    decay: float = option(0.0, "of kernels, relative to their learning rate")
    warmup_steps: int = option(100, "until the learning rates reach their peaks")
    floor: float = option(0.0, "share of the peak that is left at the end of the cosine")
    clip: float = option(math.inf, "largest norm of a gradient")
    ema: float = option(0.998, "of the weights, per step: the average is what is exported")
    validate_every: float = option(5.0, "minutes between validations")


@dataclass(frozen=True)
class Described:
    """One option as ``--list`` shows it."""

    key: str
    default: str
    says: str


def described(options: type[Options]) -> list[Described]:
    """All options of a recipe, its own first; those of a network as ``network.KEY``."""
    said = _said(options)
    common = {f.name for f in fields(Options)}
    found = []
    for f in sorted(fields(options), key=lambda f: f.name in common):
        lines = _lines(f.name, _default(f))
        found += [
            Described(key, text, "" if n else said.get(f.name, ""))
            for n, (key, text) in enumerate(lines)
        ]
    return found


def _lines(key: str, default: Any) -> list[tuple[str, str]]:
    """A field and its default as text, or all fields of the dataclass in it."""
    if not is_dataclass(default):
        return [(key, _shown(default))]
    parts = [_lines(f"{key}.{f.name}", getattr(default, f.name)) for f in fields(default)]
    return [line for part in parts for line in part]


def _said(options: type[Options]) -> dict[str, str]:
    """What every field is for; a field that only changes a default inherits it."""
    parents = [kind for kind in reversed(options.__mro__) if is_dataclass(kind)]
    return {f.name: f.metadata["says"] for kind in parents for f in fields(kind) if f.metadata}


def parse(options: type[O], assignments: Sequence[str]) -> O:
    """Options with what ``key=value`` texts say, defaults for all else.

    Raises
    ------
    ValueError
        No such option, or a value that does not go with it; names both.
    """
    known = {d.key for d in described(options)}
    told: dict[str, Any] = {}
    for text in assignments:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise ValueError(f"--set {text}: must be key=value")
        key = key.replace("-", "_")
        if key not in known:
            near = difflib.get_close_matches(key, known, n=3, cutoff=0.4)
            meant = f", perhaps {' or '.join(near)}" if near else ""
            raise ValueError(f"--set {text}: no option '{key}'{meant} (--list shows all)")
        *heads, last = key.split(".")
        inside = told
        for head in heads:
            inside = inside.setdefault(head, {})
        inside[last] = value
    return _with(options(), told)


def _with(given: D, told: dict[str, Any], above: str = "") -> D:
    """The same dataclass with some fields as texts say; those of a dataclass in it together."""
    hints, values = get_type_hints(type(given)), {}
    for key, text in told.items():
        try:
            values[key] = (
                _with(getattr(given, key), text, f"{above}{key}.")
                if isinstance(text, dict)
                else _parsed(text, hints[key])
            )
        except (SyntaxError, TypeError, ValueError) as error:
            if isinstance(text, dict):
                raise
            raise ValueError(f"--set {above}{key}={text}: {error or 'no such value'}") from error
    try:
        return replace(given, **values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"--set {above}{next(iter(told))}: {error}") from error


def changed(given: Options) -> dict[str, str]:
    """Options that differ from their defaults, as text that :func:`parse` takes."""
    defaults = {d.key: d.default for d in described(type(given))}
    found = {}
    for key, default in defaults.items():
        value: Any = given
        for part in key.split("."):
            value = getattr(value, part)
        if _shown(value) != default:
            found[key] = _shown(value)
    return found


def _default(f: Field[Any]) -> Any:
    if f.default_factory is not MISSING:
        return f.default_factory()
    return f.default


def _shown(value: Any) -> str:
    if value is None or value in ("", ()):
        return "-"
    if isinstance(value, tuple):
        if any(isinstance(part, tuple) for part in value):
            return repr(value).replace(" ", "")
        return ",".join(_shown(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _parsed(text: str, kind: Any) -> Any:
    origin, inside = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if text in ("", "-"):
            return None
        return _parsed(text, next(part for part in inside if part is not type(None)))
    if origin is Literal:
        if text not in inside:
            raise ValueError(f"must be one of {', '.join(map(str, inside))}")
        return text
    if origin is tuple:
        if text in ("", "-"):
            return ()
        if get_origin(inside[0]) is tuple:
            return ast.literal_eval(text)
        return tuple(_parsed(part.strip(), inside[0]) for part in text.split(","))
    if kind is bool:
        if text.lower() not in ("true", "false", "yes", "no", "1", "0"):
            raise ValueError("must be true or false")
        return text.lower() in ("true", "yes", "1")
    if kind is str:
        return "" if text == "-" else text
    return kind(text)
