"""`gensc bench transmitter`: what is said of kills and of the walk, and a run of both in small."""

from __future__ import annotations

import itertools

import pytest

from gensc.trials.transmitter import adaptation, kills
from gensc.trials.transmitter.run import of_kills, of_walk
from small_loop import small_loop


def killed(**more):
    return {
        "kill": 1, "opens": True, "sums_exact": True, "invented": 0, "resumed_s": 1.5
    } | more  # fmt: skip


END = {"kill": None, "opens": True, "sums_exact": True, "invented": 0, "lost": 0, "doubled": 0}


def test_kills_that_did_no_harm_meet_every_check():
    result = of_kills([killed(), killed(resumed_s=None), killed(resumed_s=1.9), END])
    assert all(check.met for check in result.checks)
    (line,) = result.tables[0].rows
    assert (line["kills"], line["resumed"], line["longest"]) == (3, 1.7, 1.9)


@pytest.mark.parametrize(
    ("rows", "broken"),
    [
        ([killed(opens=False), END], 0),
        ([killed(sums_exact=False), END], 0),
        ([killed(invented=2), END], 1),
        ([killed(), END | {"lost": 1}], 2),
        ([killed(), END | {"doubled": 1}], 3),
        ([killed(resumed_s=2.1), END], 4),
    ],
)
def test_each_harm_has_its_check(rows, broken):
    checks = of_kills(rows).checks
    assert [number for number, check in enumerate(checks) if not check.met] == [broken]


def test_the_walk_goes_all_the_way_and_back_between_its_ends():
    plan = adaptation.Plan(images=201)
    walk = plan.walk()
    assert min(walk) == pytest.approx(plan.low_db, abs=0.5)
    assert max(walk) == plan.high_db
    assert min(walk) >= plan.low_db
    assert walk[50] == pytest.approx(10.5, abs=1)
    assert walk[150] == pytest.approx(10.5, abs=1)
    assert max(abs(a - b) for a, b in itertools.pairwise(walk)) < 1.5


def test_the_share_counts_what_did_not_arrive():
    rows = [
        {"at_s": 0.0, "snr_db": 9.0, "row_db": 8.0, "arrived": True, "gvif": 0.4,
         "gvif_oracle": 0.5},
        {"at_s": 1.0, "snr_db": 8.0, "row_db": 8.5, "arrived": False, "gvif": 0.0,
         "gvif_oracle": 0.5},
    ]  # fmt: skip
    result = of_walk(rows)
    assert result.checks[0].value == pytest.approx(40.0)
    assert list(result.figures) == ["adaptation"]


def test_a_walk_of_the_service_over_the_flowgraph(tmp_path):
    bank = small_loop(tmp_path).bank
    plan = adaptation.Plan(images=4, photos=1, side=96, low_db=15.0, high_db=15.3)
    rows = adaptation.run(plan, ["skimage:coffee"], bank, "information", scheme="bank")
    assert [row["image_id"] for row in rows] == [0, 1, 2, 3]
    assert all(row["arrived"] for row in rows)
    assert rows[0]["reason"].startswith("nothing heard yet")
    assert rows[3]["reason"].endswith(f"the row of {rows[3]['row_db']:.1f} dB")
    assert all(0 < row["gvif"] <= 1 for row in rows)
    assert rows[3]["row_db"] <= plan.walk()[2] + 0.5


def test_one_kill_and_the_end():
    *killed_rows, end = kills.run(kills.Plan(kills=1, images=12, longest_s=0.2, seed=3))
    assert len(killed_rows) == 1
    assert all(row["opens"] and row["sums_exact"] for row in [*killed_rows, end])
    assert (end["status"], end["lost"], end["doubled"], end["stored"]) == (0, 0, 0, 12)
