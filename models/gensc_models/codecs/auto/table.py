"""How good the members of the family are: measured on photos, by rate, SNR and its spread.

The file lies beside the bank's weights (:data:`TABLE`) and is written by
``scripts/family_table.py``. Between its points figures are interpolated: linearly in dB, in the
spread and in the logarithm of the rate; outside, those of the border hold.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc_models.codecs.adaptive.digital import UNKNOWN_SPREAD_DB
from gensc_models.weights.store import WeightsError

TABLE = "family-table.json"
FORMAT = "gensc family table"
FIGURES = ("psnr_db", "gvif")


@dataclass(frozen=True, eq=False)
class FamilyTable:
    """Figures of every member, ``rates x snrs x spreads``.

    Attributes
    ----------
    members : their names, in the order in which header sections number them.
    rates, snrs_db, spreads_db : axes, ascending.
    psnr_db, gvif : means over the photos, ``members x rates x snrs x spreads``; a picture that did
        not arrive counts as a grey one.
    about : what was measured, and with which weights.
    """

    members: tuple[str, ...]
    rates: tuple[int, ...]
    snrs_db: tuple[float, ...]
    spreads_db: tuple[float, ...]
    psnr_db: NDArray[np.float64]
    gvif: NDArray[np.float64]
    about: dict[str, Any]

    def __post_init__(self) -> None:
        shape = tuple(map(len, (self.members, self.rates, self.snrs_db, self.spreads_db)))
        for axis in (self.rates, self.snrs_db, self.spreads_db):
            if not axis or any(b <= a for a, b in pairwise(axis)):
                raise ValueError(f"axis {axis} does not rise")
        for name in FIGURES:
            values = getattr(self, name)
            if values.shape != shape or not np.isfinite(values).all() or not shape[0]:
                raise ValueError(f"{name} is not {shape} of finite numbers")

    def expected(
        self, rate: int, snr_db: float, spread_db: float | None, figure: str = "psnr_db"
    ) -> NDArray[np.float64]:
        """The figure of every member there; a spread that nobody knows is taken to be large."""
        spread = UNKNOWN_SPREAD_DB if spread_db is None else spread_db
        values = getattr(self, figure)
        at = (math.log2(rate), snr_db, spread)
        axes = ([math.log2(r) for r in self.rates], self.snrs_db, self.spreads_db)
        for value, axis in zip(at, axes, strict=True):
            values = _along(values, np.asarray(axis, float), value)
        found: NDArray[np.float64] = values
        return found

    def order(self, rate: int, snr_db: float, spread_db: float | None) -> list[int]:
        """The members' numbers, the one expected to have the highest PSNR first."""
        expected = self.expected(rate, snr_db, spread_db)
        return [int(k) for k in np.argsort(-expected, kind="stable")]

    def as_json(self) -> dict[str, Any]:
        """As the file has it."""
        figures = {
            name: {
                member: np.round(values, 4).tolist()
                for member, values in zip(self.members, getattr(self, name), strict=True)
            }
            for name in FIGURES
        }
        axes = {k: list(getattr(self, k)) for k in ("members", "rates", "snrs_db", "spreads_db")}
        return {"format": FORMAT, "version": 1, "about": self.about, **axes, **figures}


def read_table(file: Path) -> FamilyTable:
    """Reads :meth:`FamilyTable.as_json` back.

    Raises
    ------
    WeightsError
        No such file, or none of these; one line.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        if data["format"] != FORMAT or data["version"] != 1:
            raise ValueError(f"format {data['format']!r} of version {data['version']!r}")
        members = tuple(str(m) for m in data["members"])
        figures = {f: np.array([data[f][m] for m in members], float) for f in FIGURES}
        axes: dict[str, Any] = {k: tuple(data[k]) for k in ("rates", "snrs_db", "spreads_db")}
        return FamilyTable(
            members, **axes, psnr_db=figures["psnr_db"], gvif=figures["gvif"],
            about=dict(data["about"]),
        )  # fmt: skip
    except FileNotFoundError as error:
        told = f"no {file.name} in {file.parent.name}: scripts/family_table.py measures one"
        raise WeightsError(told) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__} {' '.join(str(error).split())}"
        raise WeightsError(f"{file}: no table of the family: {reason}") from error


def _along(values: NDArray[np.float64], axis: NDArray[np.float64], at: float) -> Any:
    """``members x axis x ...`` interpolated at a place of the axis: ``members x ...``."""
    at = min(max(at, axis[0]), axis[-1])
    after = min(max(int(np.searchsorted(axis, at)), 1), len(axis) - 1) if len(axis) > 1 else 0
    if after == 0:
        return values[:, 0]
    share = (at - axis[after - 1]) / (axis[after] - axis[after - 1])
    return (1.0 - share) * values[:, after - 1] + share * values[:, after]
