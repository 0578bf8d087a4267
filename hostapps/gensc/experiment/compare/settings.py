"""What is compared, as a command line or a TOML file says it."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from gensc.experiment.figures import ratio
from gensc.experiment.grid import PER_BLOCK
from gensc.experiment.ways import WAYS
from gensc.results.quality import EFFORTS, metrics_of
from gensc.system import codecs
from gensc.system.errors import UserError
from gensc.system.ranges import parse_numbers

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: Metrics that a picture and what was received of it have by themselves.
METRICS = (
    "psnr", "ssim", "ms_ssim", "lpips", "st_lpips", "clip_score", "brisque", "top1", "top5",
)  # fmt: skip
MAX_RATE = 128


@dataclass(frozen=True)
class Settings:
    """A comparison.

    Attributes:
        schemes: names, as `gensc.experiment.schemes.load` takes them.
        images: files, folders (with what is below them), globs, ``skimage:NAME``.
        snrs_db: Es/N0 in dB.
        cbr: bandwidth ratios, as fractions or numbers.
        channels: names.
        via: what carries the symbols.
        metrics: which are computed; the first is drawn large.
        seeds: realisations of channel and noise per point.
        first_seed: of them.
        max_side: larger pictures are scaled down; 0 leaves them.
        limit: at most so many pictures, evenly spread; 0 takes all.
    """

    schemes: tuple[str, ...] = (codecs.DEFAULT, "jpeg+ldpc")
    images: tuple[str, ...] = ("skimage:",)
    snrs_db: tuple[float, ...] = (0.0, 5.0, 10.0, 15.0, 20.0)
    cbr: tuple[str, ...] = ("1/24",)
    channels: tuple[str, ...] = ("awgn",)
    via: str = "torch"
    metrics: tuple[str, ...] = ("psnr", "ms_ssim")
    seeds: int = 1
    first_seed: int = 1
    max_side: int = 0
    limit: int = 0

    @property
    def rates(self) -> tuple[int, ...]:
        """The bandwidth ratios as symbols per 16×16 block."""
        return tuple(rate_of(text) for text in self.cbr)

    def checked(self) -> Settings:
        """These settings, with every word of them known.

        Raises:
            UserError: a name or number that makes no sense.
        """
        for name, value in (("--scheme", self.schemes), ("--images", self.images),
                            ("--snr", self.snrs_db), ("--cbr", self.cbr),
                            ("--channel", self.channels), ("--metrics", self.metrics)):  # fmt: skip
            if not value:
                raise UserError(f"{name}: nothing is named")
            if len(set(value)) < len(value):
                twice = next(v for v in value if value.count(v) > 1)
                raise UserError(f"{name}: {twice} is named twice")
        if self.via not in WAYS:
            raise UserError(f"--via {self.via!r}: there are {', '.join(WAYS)}")
        codecs.check_snrs(list(self.snrs_db))
        for metric in self.metrics:
            if metric not in METRICS:
                known = ", ".join((*METRICS, *EFFORTS))
                raise UserError(f"--metrics {metric!r}: there are {known}")
        if self.seeds < 1:
            raise UserError(f"--seeds {self.seeds}: at least 1")
        if len(set(self.rates)) < len(self.rates):
            raise UserError(f"--cbr {','.join(self.cbr)}: two of them are the same")
        return self


def rate_of(text: str) -> int:
    """A bandwidth ratio as symbols per 16×16 block: the largest whole number that is not above it.

    Raises:
        UserError: no fraction or number, or not from 1/768 to 1/6.
    """
    try:
        value = Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        raise UserError(f"--cbr {text!r}: write a fraction such as 1/24, or a number") from None
    rate = math.floor(value * PER_BLOCK + Fraction(1, 10**9))
    if not 1 <= rate <= MAX_RATE:
        raise UserError(f"--cbr {text}: must be from 1/768 to 1/6")
    return rate


def cbr_of(rates: str) -> tuple[str, ...]:
    """`--rate` (symbols per 16×16 block) as bandwidth ratios.

    Raises:
        UserError: no such rates.
    """
    found = [codecs.check_rate(value) for value in parse_numbers(rates, "--rate")]
    return tuple(str(Fraction(rate, PER_BLOCK)) for rate in found)


def split_names(texts: Sequence[str]) -> tuple[str, ...]:
    """Names between commas; a setting behind a name (``name,key=value``) belongs to it."""
    names: list[str] = []
    for text in texts:
        for piece in (p.strip() for p in text.split(",")):
            if names and "=" in piece and ":" in names[-1]:
                names[-1] += f",{piece}"
            elif piece:
                names.append(piece)
    return tuple(names)


def parse_metrics(text: str) -> tuple[str, ...]:
    """Metrics by name, or all of an effort (psnr, fidelity, perceptual)."""
    found: list[str] = []
    for name in split_names([text]):
        found += metrics_of(name) if name in EFFORTS else [name]
    return tuple(dict.fromkeys(found))


#: Keys of a TOML file → field.
_KEYS = {"schemes": "schemes", "images": "images", "snr": "snrs_db", "cbr": "cbr",
         "channels": "channels", "via": "via", "metrics": "metrics", "seeds": "seeds",
         "first_seed": "first_seed", "max_side": "max_side", "limit": "limit"}  # fmt: skip


def read(path: Path) -> tuple[Settings, Path | None]:
    """Settings of a TOML file, and the folder it names for the results.

    Paths in it are as they would be on the command line in the folder of the file.

    Raises:
        UserError: no such file, no TOML, an unknown key or a value of another kind.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path}: {error}") from None
    out = table.pop("out", None)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _KEYS:
            raise UserError(f"{path}: unknown key {key!r}: there are {', '.join(_KEYS)}, out")
        values[_KEYS[key]] = _value(path, key, value)
    return replace(Settings(), **values), None if out is None else path.parent / str(out)


def _value(path: Path, key: str, value: Any) -> Any:
    """A value of a TOML file as its field has it."""
    whole = key in ("seeds", "first_seed", "max_side", "limit")
    if whole:
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        raise UserError(f"{path}: {key} = {value!r}: must be a whole number")
    if key == "via":
        return str(value)
    parts = value if isinstance(value, list) else [value]
    if any(isinstance(p, bool | dict | list) for p in parts):
        raise UserError(f"{path}: {key} = {value!r}: must be a list of names or numbers")
    if key == "snr":
        return tuple(n for p in parts for n in parse_numbers(str(p), f"{path}: snr"))
    if key == "metrics":
        return parse_metrics(",".join(map(str, parts)))
    if key == "images":
        return tuple(_beside(path, str(p)) for p in parts)
    return split_names([str(p) for p in parts])


def _beside(path: Path, image: str) -> str:
    """A path of a TOML file, from where the command runs."""
    named = ":" in image.split("/", 1)[0]
    return image if named or Path(image).is_absolute() else str(path.parent / image)


def as_toml(settings: Settings, out: Path | None = None) -> str:
    """The settings as a TOML file that says the same."""
    lines = ["# gensc compare FILE runs this comparison."]
    for key, field in _KEYS.items():
        lines.append(f"{key} = {_toml(getattr(settings, field))}")
    if out is not None:
        lines.append(f"out = {_toml(str(out))}")
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return f"{value:g}" if isinstance(value, float) and value == int(value) else repr(value)


def example_snr_db(settings: Settings) -> float:
    """The SNR at which pictures are shown: one in the middle."""
    return sorted(settings.snrs_db)[(len(settings.snrs_db) - 1) // 2]


def fixed(settings: Settings) -> dict[str, Any]:
    """What must be the same for rows of one folder to belong together."""
    kept = ("via", "metrics", "max_side")
    return {f.name: getattr(settings, f.name) for f in fields(settings) if f.name in kept}


def said(settings: Settings) -> str:
    """The comparison in a line."""
    ratios = ", ".join(ratio(rate) for rate in settings.rates)
    return (
        f"{len(settings.schemes)} schemes, CBR {ratios}, {', '.join(settings.channels)} by way of "
        f"{settings.via}, {settings.seeds} seed{'s' * (settings.seeds > 1)}"
    )
