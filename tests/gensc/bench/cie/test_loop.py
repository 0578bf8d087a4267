"""gensc.bench.cie.loop: what is said about the runs of a walk."""

import numpy as np
import pytest

from gensc.bench.cie import loop as cie_loop
from gensc.transmitter.walk import CUT, FIXED, LOOP, Walk
from small_loop import small_loop


def rows(run, plan, **values):
    return [
        {"run": run, "at_s": at, "snr_db": plan.snr_db(at), "row_db": plan.snr_db(at) - 1,
         "measured_db": plan.snr_db(at), "bits": 1000, "gvif": 0.5, "gvif_oracle": 0.5,
         "delivered": True} | values
        for at in plan.times(run)
    ]  # fmt: skip


def test_the_checks_say_what_was_delivered_and_how_near_the_oracle_it_is():
    plan = Walk(walk_s=40, interval_s=1, cut_s=10, around_s=2, fixed_every=1)
    ours, cut = rows(LOOP, plan, gvif=0.48), rows(CUT, plan, gvif=0.1)
    ours[0] |= {"delivered": False, "gvif": 0.0}
    for row in cut[:3]:
        row["delivered"] = not plan.is_cut(row["at_s"])
    found = [*ours, *rows(FIXED, plan, gvif=0.3), *cut]
    delivered, share, lead, dark = cie_loop.checks(found, plan)
    assert delivered.value == pytest.approx(100 * 40 / 41)
    assert share.value == pytest.approx(100 * (0.48 * 40 / 41) / 0.5)
    assert lead.value == pytest.approx(share.value - 60)
    assert dark.value == pytest.approx(100 * 9 / 10)
    assert [check.met for check in (delivered, share, lead, dark)] == [False, False, True, False]
    assert [line["images"] for line in cie_loop.summary(found)] == [41, 41, 15]


def test_the_figure_has_the_row_of_every_run_and_means_of_four_images():
    plan = Walk(walk_s=8, interval_s=1, cut_s=2, around_s=1, fixed_every=1)
    ours = rows(LOOP, plan)
    ours[0] |= {"delivered": False, "gvif": 0.1}
    lines = list(cie_loop.curves([*ours, *rows(CUT, plan)]))
    loop = [r for r in lines if r["curve"] == LOOP]
    assert [r["delivered"] for r in loop] == pytest.approx(
        [0, 50, 200 / 3, 75, 100, 100, 100, 100, 100]
    )
    assert loop[3]["gvif"] == pytest.approx((0.1 + 3 * 0.5) / 4)
    assert {r["curve"] for r in lines} == {LOOP, CUT, "snr_db", "measured_db"}


def test_a_whole_run_over_the_flowgraph(tmp_path):
    config = small_loop(tmp_path)
    plan = Walk(walk_s=8, interval_s=1, cut_s=2, around_s=1, fixed_every=4, max_side=96)
    result = cie_loop.run(plan, ["skimage:coffee"], config.bank, config.importance)
    assert [row["run"] for row in result.rows] == [LOOP] * 9 + [FIXED] * 3 + [CUT] * 5
    assert len(result.checks) == 4
    assert all(np.isfinite(check.value) for check in result.checks)
    assert result.settings["loop"]["table"] == "made up"
    assert list(result.figures) == ["closed_loop"]
    assert [row["run"] for row in result.tables[0].rows] == [LOOP, FIXED, CUT]
