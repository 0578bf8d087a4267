"""gensc.adapt.tables: rows for every SNR that has a link, and what they promise."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapt_families import family
from gensc.adapt.problem import Problem
from gensc.adapt.search import search
from gensc.adapt.tables import build_table, load_table, tables_of
from gensc.adapt.transport import BurstTransport, CapacityTransport
from gensc.system.errors import UserError
from gensc_phy.adaptation.rate_table import load_tables, save_tables
from gensc_phy.coding.mcs import MCS_TABLE, choose_mcs
from rate_tables import table

SNRS = tuple(float(snr) for snr in range(-5, 24))
problems = st.builds(
    lambda seed, t_max, floor, link: Problem(
        family(seed, images=3, points=7, alpha_step=0.1), link(t_max), SNRS, floor
    ),
    st.integers(0, 9),
    st.floats(0.005, 0.2),
    st.floats(25, 41),
    st.sampled_from([CapacityTransport, BurstTransport]),
)
calmly = settings(deadline=None, max_examples=25)
a_few = settings(deadline=None, max_examples=6)  # Algorithm 1 takes its time


def small(link, floor_db=30.0):
    return Problem(family(1, images=3, points=7, alpha_step=0.1), link, SNRS, floor_db)


@calmly
@given(problems)
def test_what_a_row_says_is_in_time_and_good_enough_is(problem):
    table, measured = build_table(problem, "search"), problem.family
    for row in table.choices:
        p, a = measured.points.index(row.point), measured.alphas.tolist().index(row.alpha)
        assert row.bits == measured.expected_bits[p, a]
        assert row.in_time == (row.bits <= problem.transport.budget(row.snr_db).bits)
        reached = row.mask_psnr_db - problem.mask_psnr_floor_db
        assert row.good_enough == (reached >= 0) or abs(reached) < 1e-9
        assert row.alpha <= problem.alpha_max


@a_few
@given(problems)
def test_all_constraints_are_met_wherever_they_can_be(problem):
    found = search(problem)
    met = {row.snr_db: row.in_time and row.good_enough for row in build_table(problem).choices}
    for snr, feasible in zip(SNRS, found.feasible, strict=True):
        assert met.get(snr, feasible) == feasible


@a_few
@given(problems, st.sampled_from(["algorithm1", "search"]))
def test_gvif_never_falls_with_the_snr_once_all_constraints_are_met(problem, solver):
    rows = [r for r in build_table(problem, solver).choices if r.in_time and r.good_enough]
    assert all(lower.gvif <= higher.gvif for lower, higher in itertools.pairwise(rows))


@calmly
@given(problems)
def test_what_fits_into_the_time_is_preferred_to_the_floor(problem):
    bits = problem.family.expected_bits[:, problem.in_reach]
    for row in build_table(problem, "search").choices:
        assert row.in_time == (bits.min() <= row.budget_bits)


def test_rows_of_the_waveform_start_where_its_most_robust_scheme_works():
    table = build_table(small(BurstTransport(0.05)), "search")
    assert table.snrs_db == tuple(snr for snr in SNRS if snr >= MCS_TABLE[0].threshold_db)
    assert all(row.mcs == choose_mcs(row.snr_db).index for row in table.choices)


def test_rows_of_the_capacity_have_no_scheme_and_start_at_the_first_snr():
    table = build_table(small(CapacityTransport(0.05)), "search")
    assert table.snrs_db == SNRS
    assert {row.mcs for row in table.choices} == {None}


def test_the_threshold_goes_to_zero_at_high_snr():
    table = build_table(small(CapacityTransport(0.1)), "search")
    assert table.choices[-1].alpha == 0
    assert table.choices[0].alpha > 0.3


def test_a_table_says_which_problem_it_solves_and_survives_its_file(tmp_path):
    table = build_table(small(BurstTransport(0.05), floor_db=33.0), "search")
    assert (table.transport, table.t_max_s, table.bandwidth_hz) == ("burst", 0.05, 1e6)
    assert (table.mask_psnr_floor_db, table.solver, table.source) == (33.0, "search", "made up")
    save_tables([table], tmp_path / "table.json")
    assert load_tables(tmp_path / "table.json") == (table,)


def test_an_unknown_solver_and_a_range_without_a_link_are_refused():
    with pytest.raises(ValueError, match="magic"):
        build_table(small(CapacityTransport(0.05)), "magic")
    problem = Problem(family(1, images=3, points=7, alpha_step=0.1), BurstTransport(0.02), (-9.0,))
    with pytest.raises(ValueError, match="no scheme works"):
        build_table(problem)


def test_a_table_is_found_by_its_limits_and_what_is_none_is_one_line(tmp_path):
    save_tables([table(t_max_s=0.05)], tmp_path / "tables.json")
    assert load_table(tmp_path / "tables.json", 0.05, 30.0) == table(t_max_s=0.05)
    for name, t_max_s, message in (
        ("nowhere.json", 0.05, "nowhere.json"),
        ("tables.json", 0.02, "no table for 20 ms"),
    ):
        with pytest.raises(UserError, match=message):
            load_table(tmp_path / name, t_max_s, 30.0)


def test_a_bank_without_tables_is_one_line(tmp_path):
    with pytest.raises(UserError, match="nobody"):
        tables_of("nobody")
    (tmp_path / "bank").mkdir()
    (tmp_path / "bank" / "config.json").write_text("{}")
    with pytest.raises(UserError, match="no rate tables"):
        tables_of(str(tmp_path / "bank"))
