"""TOML files as dataclasses: every key known, every value of its kind, or one line that says which.

A dataclass is a table; its fields are the keys, made by `setting` with a word on what they are.
Fields may be bool, int, float, str, one of these or None (the key is then left out), tuples of
them, dataclasses (tables) and tuples of dataclasses (arrays of tables, named in the singular).
"""

from __future__ import annotations

import difflib
import math
import sys
import types
from collections.abc import Sequence
from dataclasses import Field, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from gensc.system.errors import UserError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

D = TypeVar("D")
#: Columns of a comment.
_WIDTH = 96


def setting(
    default: Any,
    says: str,
    *,
    least: float | None = None,
    most: float | None = None,
    among: Sequence[str] = (),
    key: str = "",
) -> Any:
    """A field of a settings dataclass.

    Args:
        default: of the field; a dataclass stands for a table of its own.
        says: what it is for, one sentence; it becomes the comment of the default file.
        least, most: bounds of a number.
        among: the words that may be said.
        key: in the file, where it is not the field's name.
    """
    told = {"says": says, "least": least, "most": most, "among": tuple(among), "key": key}
    if is_dataclass(default) and not isinstance(default, type):
        return field(default_factory=lambda: default, metadata=told)
    return field(default=default, metadata=told)


def load(kind: type[D], path: Path) -> D:
    """The settings of a file.

    Raises:
        UserError: no such file, no TOML, an unknown key (the nearest known one is named), a value
            of another kind or out of bounds.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    return loads(kind, text, str(path))


def loads(kind: type[D], text: str, where: str) -> D:
    """The settings of a text; `where` begins the line of an error. Raises as `load`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{where}: {error}") from None
    return _table(kind, table, where, "")


def _table(kind: type[D], table: dict[str, Any], where: str, above: str) -> D:
    known, hints = {_key(f): f for f in fields(kind)}, get_type_hints(kind)  # type: ignore[arg-type]
    values = {}
    for key, value in table.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, n=2, cutoff=0.4)
            meant = f"perhaps {' or '.join(near)}" if near else f"there are {', '.join(known)}"
            raise UserError(f"{where}: unknown key {above}{key}: {meant}")
        one = known[key]
        values[one.name] = _value(hints[one.name], value, one, where, f"{above}{key}")
    try:
        return kind(**values)
    except ValueError as error:
        raise UserError(f"{where}: {f'[{above[:-1]}] ' if above else ''}{error}") from None


def _value(kind: Any, value: Any, one: Field[Any], where: str, name: str) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        (kind,) = (part for part in inner if part is not type(None))
        return _value(kind, value, one, where, name)
    if origin is tuple:
        if not isinstance(value, list):
            raise UserError(f"{where}: {name} = {value!r}: must be a list")
        return tuple(_value(inner[0], v, one, where, f"{name}.{i}") for i, v in enumerate(value))
    if is_dataclass(kind):
        if not isinstance(value, dict):
            raise UserError(f"{where}: {name} = {value!r}: must be a table, [{name}]")
        return _table(kind, value, where, f"{name}.")  # type: ignore[arg-type]
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        raise UserError(f"{where}: {name} = {value!r}: must be {_KINDS[kind]}")
    _bounds(value, one, where, name)
    return value


def _bounds(value: Any, one: Field[Any], where: str, name: str) -> None:
    told = one.metadata
    if isinstance(value, float) and not math.isfinite(value):
        raise UserError(f"{where}: {name} = {value}: must be finite")
    if told.get("among") and value not in told["among"]:
        near = difflib.get_close_matches(str(value), told["among"], n=1, cutoff=0.4)
        meant = f" (perhaps {near[0]})" if near else ""
        raise UserError(f"{where}: {name} = {value!r}: there are {', '.join(told['among'])}{meant}")
    if isinstance(value, str):
        return
    if told.get("least") is not None and value < told["least"]:
        raise UserError(f"{where}: {name} = {value}: must be at least {told['least']:g}")
    if told.get("most") is not None and value > told["most"]:
        raise UserError(f"{where}: {name} = {value}: must be at most {told['most']:g}")


_KINDS = {
    bool: "true or false", int: "a whole number", float: "a number", str: "a text in quotes",
}  # fmt: skip


def commented(settings: Any) -> str:
    """Settings as the text of a file, every key with its comment; `loads` reads them again."""
    return "\n".join(_lines(settings, "")).strip() + "\n"


def _lines(settings: Any, above: str) -> list[str]:
    plain: list[str] = []
    tables: list[str] = []
    for one in fields(settings):
        key, value, says = _key(one), getattr(settings, one.name), one.metadata.get("says", "")
        if is_dataclass(value):
            tables += ["", *_comment(says), f"[{above}{key}]", *_lines(value, f"{above}{key}.")]
        elif isinstance(value, tuple) and value and is_dataclass(value[0]):
            for part in value:
                tables += ["", *_comment(says), f"[[{above}{key}]]"]
                tables += _lines(part, f"{above}{key}.")
        else:
            plain += [*_comment(_asked(says, one)), _line(key, value)]
    return plain + tables


def _line(key: str, value: Any) -> str:
    """A key and its value; one without a value as a comment that shows the key."""
    return f"# {key} =" if value is None else f"{key} = {toml(value)}"


def _asked(says: str, one: Field[Any]) -> str:
    among = one.metadata.get("among")
    return f"{says} One of {', '.join(among)}." if among else says


def _comment(says: str) -> list[str]:
    lines, line = [], "#"
    for word in says.split():
        if len(line) + len(word) + 1 > _WIDTH:
            lines.append(line)
            line = "#"
        line += f" {word}"
    return [*lines, line] if says else []


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        escaped = "".join(_ESCAPES.get(c, c) if c >= " " else f"\\u{ord(c):04x}" for c in value)
        return f'"{escaped}"'
    if isinstance(value, float) and value == int(value) and abs(value) < 1e16:
        return f"{value:.1f}"
    return repr(value)


_ESCAPES = {"\\": "\\\\", '"': '\\"', "\x7f": "\\u007f"}


def _key(one: Field[Any]) -> str:
    return one.metadata.get("key") or one.name
