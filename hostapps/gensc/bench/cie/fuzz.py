"""Damaged containers and masks by the thousand: what they end in."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gensc.bench.cie.plan import Row
from gensc.experiment.base import BenchResult, Check

if TYPE_CHECKING:
    from gensc_models.codecs.bank import HyperpriorCodec

#: No stream of the small images that are damaged should take longer, or memory grow by more.
SLOWEST_MS, GROWN_MIB = 2000.0, 64.0


def run(bank: HyperpriorCodec, count: int, seed: int) -> BenchResult:
    """One row: outcomes of `count` damaged streams, or the error that ended it."""
    from gensc_models.codecs.bank.fuzz import fuzz

    row: Row = {"experiment": "fuzz", "streams": count, "survived": 0}
    told = ""
    try:
        result = fuzz(bank, count, seed)
        told = ", ".join(f"{n} {name}" for name, n in sorted(result.outcomes.items()))
        row |= {"survived": sum(result.outcomes.values()), **result.outcomes,
                "slowest_ms": 1e3 * result.slowest, "grown_mib": result.grown_mib}  # fmt: skip
    # Whatever it is: a stream that ends in any other error than the codec's own is a crash.
    except Exception as error:
        told = row["crash"] = f"{type(error).__name__}: {error}"
    checks = [
        Check("damaged containers and masks without a crash", row["survived"], "", ">=", 10_000,
              told),
        Check("slowest of them", row.get("slowest_ms", math.nan), "ms", "<=", SLOWEST_MS,
              "no hang; images of at most 128×128 pixels"),
        Check("growth of memory over all of them", row.get("grown_mib", math.nan), "MiB", "<=",
              GROWN_MIB, "bounded memory"),
    ]  # fmt: skip
    return BenchResult("fuzz", [row], checks)
