"""Damaged containers and masks by the thousand: what they end in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gensc.bench.cie.rows import Row, of
from gensc.experiment.base import Check

if TYPE_CHECKING:
    from gensc_models.codecs.bank import HyperpriorCodec

EXPERIMENT = "fuzz"
#: No stream of the small images that are damaged should take longer, or memory grow by more.
SLOWEST_MS, GROWN_MIB = 2000.0, 64.0


def measure(bank: HyperpriorCodec, count: int, seed: int) -> list[Row]:
    """One row: outcomes of `count` damaged streams, or the error that ended it."""
    from gensc_models.codecs.bank.fuzz import fuzz

    row: Row = {"experiment": EXPERIMENT, "streams": count, "survived": 0}
    try:
        result = fuzz(bank, count, seed)
    # Whatever it is: a stream that ends in any other error than the codec's own is a crash.
    except Exception as error:
        return [row | {"crash": f"{type(error).__name__}: {error}"}]
    return [
        row
        | {
            "survived": sum(result.outcomes.values()),
            **result.outcomes,
            "slowest_ms": 1e3 * result.slowest,
            "grown_mib": result.grown_mib,
        }
    ]


def checks(rows: Sequence[Row]) -> Iterable[Check]:
    """No crash, no hang, bounded memory."""
    row: Row = next(iter(of(rows, EXPERIMENT)), {})
    names = ("refused", "partial", "whole")
    told = ", ".join(f"{row[name]} {name}" for name in names if name in row)
    yield Check("damaged containers and masks without a crash", row.get("survived", math.nan), "",
                ">=", 10_000, told or row.get("crash", ""))  # fmt: skip
    yield Check("slowest of them", row.get("slowest_ms", math.nan), "ms", "<=", SLOWEST_MS,
                "no hang; images of at most 128×128 pixels")  # fmt: skip
    yield Check("growth of memory over all of them", row.get("grown_mib", math.nan), "MiB", "<=",
                GROWN_MIB, "bounded memory")  # fmt: skip
