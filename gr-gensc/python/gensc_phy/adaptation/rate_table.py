"""Which operating point an adaptive transmitter uses at which SNR, as a table and as a file.

A table is made offline (`gensc adapt`) for one latency limit and one floor of the mask PSNR; a
`rate_control.RateController` walks on its rows while images are sent.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from gensc_phy.atomic import write_text
from gensc_phy.coding.mcs import MCS_TABLE

FORMAT = "gensc rate tables"
VERSION = 1
TRANSPORTS = ("burst", "capacity")
MAX_FILE_BYTES = 16 << 20


class RateTableError(ValueError):
    """A table, or a file of tables, that contradicts itself or is none."""


@dataclass(frozen=True)
class Choice:
    """One row: what to send from an SNR on. Expectations are means over the images measured.

    Attributes:
        snr_db: Es/N0 in dB from which on the row holds.
        point: operating point of the codec bank.
        alpha: threshold of the semantic filter; 0 sends everything, 1 next to nothing.
        mcs: index in `mcs.MCS_TABLE`; None in tables of the idealised capacity.
        gvif: expected generative visual information fidelity, 0 … 1.
        bits: expected bits of an image, container and mask included; or those that cover the share
            of images that `RateTable.source` names.
        budget_bits: bits that T_max leaves at this SNR.
        mask_psnr_db: PSNR in dB of the pixels sent, of their mean squared error.
        in_time: `bits` fit into `budget_bits`.
        good_enough: `mask_psnr_db` reaches the floor.
    """

    snr_db: float
    point: int
    alpha: float
    mcs: int | None
    gvif: float
    bits: float
    budget_bits: float
    mask_psnr_db: float
    in_time: bool
    good_enough: bool

    def __post_init__(self) -> None:
        """Refuse a row that no transmitter could follow."""
        numbers = (self.snr_db, self.alpha, self.gvif, self.bits, self.budget_bits)
        if not all(math.isfinite(number) for number in numbers) or math.isnan(self.mask_psnr_db):
            raise RateTableError(f"row at {self.snr_db} dB: a number is missing or not finite")
        if not (0 <= self.alpha <= 1 and 0 <= self.gvif <= 1):
            raise RateTableError(f"row at {self.snr_db:g} dB: alpha and gvif must lie in 0 … 1")
        if self.bits < 0 or self.budget_bits < 0 or self.point < 0:
            raise RateTableError(f"row at {self.snr_db:g} dB: point and bits must not be negative")
        if self.mcs is not None and not 0 <= self.mcs < len(MCS_TABLE):
            raise RateTableError(f"row at {self.snr_db:g} dB: MCS {self.mcs} does not exist")

    @property
    def met(self) -> bool:
        """Both limits are met: what is sent arrives in time and is good enough."""
        return self.in_time and self.good_enough


@dataclass(frozen=True)
class RateTable:
    """Rows by rising SNR, and the problem they solve.

    Attributes:
        transport: "burst" (waveform, MCS and air overhead) or "capacity" (GVIF-CIE, Eq. 8).
        t_max_s: latency limit of an image, seconds.
        bandwidth_hz: bandwidth; the sample rate of the waveform.
        mask_psnr_floor_db: least PSNR of the pixels sent (10 log10(255² / D0)).
        alpha_max: largest threshold allowed.
        solver: how the rows were found, "algorithm1" or "search".
        source: codec and images they were measured on.
        choices: the rows.
    """

    transport: str
    t_max_s: float
    bandwidth_hz: float
    mask_psnr_floor_db: float
    alpha_max: float
    solver: str
    source: str
    choices: tuple[Choice, ...]

    def __post_init__(self) -> None:
        """Refuse a table without rows, out of order, or with rows of another transport."""
        if self.transport not in TRANSPORTS:
            raise RateTableError(f"transport {self.transport!r}: not one of {TRANSPORTS}")
        if not self.choices:
            raise RateTableError("a rate table without rows")
        if any(above <= below for below, above in pairwise(self.snrs_db)):
            raise RateTableError("the rows of a rate table must rise in SNR")
        limits = (self.t_max_s, self.bandwidth_hz, self.mask_psnr_floor_db, self.alpha_max)
        if not all(math.isfinite(limit) for limit in limits) or min(limits[:2]) <= 0:
            raise RateTableError("T_max and bandwidth must be positive, all limits finite")
        if any((choice.mcs is None) == (self.transport == "burst") for choice in self.choices):
            raise RateTableError("every row of a burst table has an MCS, none of a capacity table")

    @cached_property
    def snrs_db(self) -> tuple[float, ...]:
        """Es/N0 in dB from which on each row holds."""
        return tuple(choice.snr_db for choice in self.choices)

    def index_at(self, snr_db: float) -> int:
        """Row of an SNR: the last one that starts at or below it; 0 below all, and for NaN."""
        if math.isnan(snr_db):
            return 0
        return max(0, bisect_right(self.snrs_db, snr_db) - 1)

    def at(self, snr_db: float) -> Choice:
        """The row of `index_at`."""
        return self.choices[self.index_at(snr_db)]


def save_tables(tables: Iterable[RateTable], path: Path) -> None:
    """Write tables to a JSON file."""
    written = [asdict(table) for table in tables]
    for table in written:
        for row in table["choices"]:
            # JSON has no infinity, which the PSNR of an undistorted or an empty mask is.
            row["mask_psnr_db"] = None if math.isinf(row["mask_psnr_db"]) else row["mask_psnr_db"]
    content = {"format": FORMAT, "version": VERSION, "tables": written}
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def load_tables(path: Path) -> tuple[RateTable, ...]:
    """Read the tables of a JSON file.

    Raises:
        RateTableError: no such file, not one of this kind and version, or tables that contradict
            themselves.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise RateTableError(f"{path}: larger than {MAX_FILE_BYTES >> 20} MiB")
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RateTableError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, RateTableError):
            raise
        raise RateTableError(f"{path}: not a JSON file") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise RateTableError(f"{path}: not a file of rate tables (gensc adapt writes one)")
    if content.get("version") != VERSION:
        raise RateTableError(f"{path}: version {content.get('version')}, expected {VERSION}")
    tables = content.get("tables")
    if not isinstance(tables, list) or not tables:
        raise RateTableError(f"{path}: no table in it")
    try:
        return tuple(_table(table) for table in tables)
    except RateTableError as error:
        raise RateTableError(f"{path}: {error}") from error


def pick(tables: Sequence[RateTable], t_max_s: float, mask_psnr_floor_db: float) -> RateTable:
    """The table for these limits.

    Raises:
        RateTableError: there is none; the message names those there are.
    """
    for table in tables:
        if math.isclose(table.t_max_s, t_max_s, rel_tol=1e-6) and math.isclose(
            table.mask_psnr_floor_db, mask_psnr_floor_db, abs_tol=1e-6
        ):
            return table
    there = ", ".join(f"{t.t_max_s * 1e3:g} ms {t.mask_psnr_floor_db:g} dB" for t in tables)
    raise RateTableError(
        f"no table for {t_max_s * 1e3:g} ms and {mask_psnr_floor_db:g} dB (there are: {there})"
    )


def _table(data: Any) -> RateTable:
    values = _values(RateTable, data)
    rows = values["choices"]
    if not isinstance(rows, list):
        raise RateTableError("choices is not a list")
    return RateTable(**(values | {"choices": tuple(_choice(row) for row in rows)}))


def _choice(data: Any) -> Choice:
    if isinstance(data, dict) and data.get("mask_psnr_db", 0) is None:
        data = data | {"mask_psnr_db": math.inf}
    return Choice(**_values(Choice, data))


_KINDS: Mapping[str, tuple[type, ...]] = {
    "float": (float, int),
    "int": (int,),
    "int | None": (int, type(None)),
    "bool": (bool,),
    "str": (str,),
}


def _values(kind: type, data: Any) -> dict[str, Any]:
    """The values of a dataclass in `data`, of the right types; unknown keys are refused."""
    if not isinstance(data, dict):
        raise RateTableError(f"{kind.__name__}: not an object")
    names = {field.name: str(field.type) for field in fields(kind)}
    if set(data) != set(names):
        wrong = ", ".join(sorted(set(data) ^ set(names)))
        raise RateTableError(f"{kind.__name__}: missing or unknown: {wrong}")
    for name, annotation in names.items():
        allowed = _KINDS.get(annotation)
        # True is an int to Python.
        truth = isinstance(data[name], bool) and annotation != "bool"
        if allowed is not None and (truth or not isinstance(data[name], allowed)):
            raise RateTableError(f"{kind.__name__}: {name} is not of type {annotation}")
    return dict(data)
