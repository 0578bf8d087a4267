"""gensc.bench.cie.closed_loop and .loop: the closed loop, and what is said about it."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc.bench.cie import loop as cie_loop
from gensc.bench.cie.closed_loop import ClosedLoop, LoopConfig
from gensc.bench.cie.loop import CUT, FIXED, LOOP, LoopPlan
from gensc.system.errors import UserError
from gensc_phy.adaptation.rate_table import save_tables
from rate_tables import table
from small_hyperprior import photo, small_codec

PHOTO = photo(64, 96)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """A link of a small bank and a table that knows no budget."""
    folder = tmp_path_factory.mktemp("loop")
    small_codec().save_pretrained(folder / "small-bank")
    save_tables([table(budget_bits=60_000.0, t_max_s=0.05)], folder / "tables.json")
    return LoopConfig(
        bank=str(folder / "small-bank"),
        importance="information",
        table=str(folder / "tables.json"),
        control=cie_loop.CONTROL,
    )


# ---------------------------------------------------------------- the flowgraph


def test_the_loop_starts_robust_follows_the_reports_and_falls_back_without_them(config):
    rows = table().choices
    with ClosedLoop(config, snr_db=15.5) as loop:
        first = loop.send(PHOTO, 0, 15.5, 0.0)
        second = loop.send(PHOTO, 1, 15.5, 0.25)
        loop.feedback.set_enabled(False)
        third = loop.send(PHOTO, 2, 15.5, 0.5)
        late = loop.send(PHOTO, 3, 15.5, 10.0)
    assert first.choice.snr_db == late.choice.snr_db == rows[0].snr_db
    assert math.isnan(first.level_db)
    assert second.choice.snr_db == third.choice.snr_db == 15.0
    assert second.level_db == pytest.approx(15.5, abs=0.5)
    assert second.mcs == second.choice.mcs > first.mcs
    for passed in (first, second, third, late):
        assert passed.delivered
        assert passed.image.shape == PHOTO.shape
        assert passed.measured_db == pytest.approx(15.5, abs=0.6)


def test_a_fixed_choice_is_sent_whatever_the_channel_does(config):
    fixed = replace(table().choices[15], budget_bits=60_000.0)
    with ClosedLoop(config, fixed) as loop:
        good, bad = loop.send(PHOTO, 0, 18.0, 0.0), loop.send(PHOTO, 1, 5.0, 0.25)
    assert good.choice == bad.choice == fixed
    assert (good.delivered, bad.delivered) == (True, False)


def test_what_is_late_is_not_delivered(config):
    fixed = replace(table().choices[15], budget_bits=8.0)
    with ClosedLoop(config, fixed) as loop:
        passed = loop.send(PHOTO, 0, 20.0, 0.0)
    assert (passed.complete, passed.in_time, passed.delivered) == (True, False, False)


def test_an_image_of_which_nothing_is_heard_is_given_up(config, monkeypatch):
    with ClosedLoop(config) as loop:
        with monkeypatch.context() as hurry:
            hurry.setattr("gensc.bench.cie.closed_loop.PATIENCE_S", 0.5)
            hurry.setattr("gensc.bench.cie.closed_loop.LAST_PATIENCE_S", 0.5)
            lost = loop.send(PHOTO, 0, -20.0, 0.0)
            # The noise of the last thousand samples was made before.
            loop.send(PHOTO, 1, 20.0, 0.25)
        found = loop.send(PHOTO, 2, 20.0, 0.5)
    assert (lost.image, lost.delivered) == (None, False)
    assert math.isnan(lost.measured_db)
    assert found.delivered


def test_missing_weights_are_one_line(config):
    with pytest.raises(UserError, match="nobody"):
        ClosedLoop(replace(config, bank="nobody"))


def test_tables_that_are_not_there_are_one_line(config, tmp_path):
    for path, limits, message in (
        (str(tmp_path / "nowhere.json"), (0.05, 30.0), "nowhere.json"),
        (config.table, (0.02, 30.0), "no table for 20 ms"),
    ):
        with pytest.raises(UserError, match=message):
            cie_loop.table_of(path, *limits)


# ---------------------------------------------------------------- the plan


@given(st.floats(10, 100), st.floats(0, 1))
def test_the_walk_goes_down_and_up_between_its_ends(walk_s, share):
    plan = LoopPlan(walk_s=walk_s)
    assert plan.snr_db(0) == plan.snr_db(walk_s) == 20
    assert plan.snr_db(walk_s / 2) == 0
    assert plan.snr_db(share * walk_s) == pytest.approx(plan.snr_db((1 - share) * walk_s))


def test_the_runs_are_the_whole_walk_every_third_image_and_the_middle():
    plan = LoopPlan(walk_s=60, interval_s=0.5, cut_s=10, around_s=5, fixed_every=3)
    loop, fixed, cut = (plan.times(run) for run in (LOOP, FIXED, CUT))
    assert (loop[0], loop[-1], len(loop)) == (0, 60, 121)
    assert fixed == loop[::3]
    assert (cut[0], cut[-1]) == (20, 40)
    assert [at for at in cut if plan.is_cut(at)] == [25 + 0.5 * i for i in range(20)]


# ---------------------------------------------------------------- the figures


def rows(run, plan, **values):
    return [
        {"run": run, "at_s": at, "snr_db": plan.snr_db(at), "row_db": plan.snr_db(at) - 1,
         "measured_db": plan.snr_db(at), "bits": 1000, "gvif": 0.5, "gvif_oracle": 0.5,
         "delivered": True} | values
        for at in plan.times(run)
    ]  # fmt: skip


def test_the_checks_say_what_was_delivered_and_how_near_the_oracle_it_is():
    plan = LoopPlan(walk_s=40, interval_s=1, cut_s=10, around_s=2, fixed_every=1)
    runs = {
        LOOP: rows(LOOP, plan, gvif=0.48),
        FIXED: rows(FIXED, plan, gvif=0.3),
        CUT: rows(CUT, plan, gvif=0.1),
    }
    runs[LOOP][0] |= {"delivered": False, "gvif": 0.0}
    for row in runs[CUT][:3]:
        row["delivered"] = not plan.is_cut(row["at_s"])
    delivered, share, lead, dark = cie_loop.checks(runs, plan)
    assert delivered.value == pytest.approx(100 * 40 / 41)
    assert share.value == pytest.approx(100 * (0.48 * 40 / 41) / 0.5)
    assert lead.value == pytest.approx(share.value - 60)
    assert dark.value == pytest.approx(100 * 9 / 10)
    assert [check.met for check in (delivered, share, lead, dark)] == [False, False, True, False]


def test_the_oracle_knows_the_snr_and_codes_each_image_by_a_row_once():
    class Encoder:
        coded = 0

        def encode(self, image, point, alpha, budget_bits):
            self.coded += 1
            return type("Sent", (), {"gvif": 1.0 / point, "fits": budget_bits < 20_000})

    encoder, found = Encoder(), table()
    oracle = cie_loop.Oracle(found, encoder, [PHOTO])
    assert oracle.gvif(0, 10.5) == oracle.gvif(0, 10.9) == 1.0 / found.at(10).point
    assert encoder.coded == 1
    assert oracle.gvif(0, 25.0) == 0.0  # what would be late brings nothing


def test_a_whole_run_over_the_flowgraph(config):
    plan = LoopPlan(walk_s=8, interval_s=1, cut_s=2, around_s=1, fixed_every=4, max_side=96)
    result = cie_loop.run(
        images=["skimage:coffee"], bank=config.bank, table=config.table,
        importance=config.importance, plan=plan,
    )  # fmt: skip
    assert [row["run"] for row in result.rows] == [LOOP] * 9 + [FIXED] * 3 + [CUT] * 5
    assert len(result.checks) == 4
    assert all(np.isfinite(check.value) for check in result.checks)
    assert result.settings["table"] == "made up"
    assert list(result.figures) == ["loop"]
    assert [row["run"] for row in result.tables[0].rows] == [LOOP, FIXED, CUT]
