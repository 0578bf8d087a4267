"""Turns of plain loop and service: only those count that had the machine to themselves."""

from __future__ import annotations

from gensc.bench.serve.turns import Turns
from gensc.serve.load import Load


def load(images: int, others: float = 0.0) -> Load:
    """One second, of which this many images came out while others had so many processors."""
    return Load(1.0, images, [0.1] * images, cpu_s=1.0, busy_s=1.0 + others)


def test_turns_end_when_enough_of_them_were_quiet() -> None:
    turns = Turns(enough=1, most=3)
    assert turns.go_on
    turns.pairs.append((load(20), load(25, others=0.5)))
    assert turns.go_on
    turns.pairs.append((load(20), load(38)))
    assert not turns.go_on


def test_turns_end_on_a_machine_that_is_never_quiet() -> None:
    turns = Turns(enough=1, most=2, pairs=[(load(20, 1.0), load(20, 1.0))] * 2)
    assert not turns.go_on


def test_what_others_disturbed_does_not_count_unless_all_is() -> None:
    disturbed, quiet = (load(20), load(24, others=0.5)), (load(20), load(38))
    rows = Turns(1, 2, [disturbed, quiet]).rows({"case": "c"})
    assert [row["gain"] for row in rows] == [1.0, 1.9]
    assert [row["quiet_turns"] for row in rows] == [1, 1]
    rows = Turns(1, 2, [disturbed, disturbed]).rows({"case": "c"})
    assert rows[1]["gain"] == 1.2
    assert (rows[1]["turns"], rows[1]["quiet_turns"], rows[1]["others"]) == (2, 0, 0.5)
