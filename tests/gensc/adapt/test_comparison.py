"""Algorithm 1 beside the exhaustive search, row by row."""

from adapt_families import family
from gensc.adapt.comparison import compare_solvers
from gensc.adapt.problem import Problem
from gensc.adapt.search import search
from gensc.adapt.transport import CapacityTransport


def test_a_row_has_both_solvers_and_what_they_cost():
    problem = Problem(family(seed=1, images=4), CapacityTransport(0.02), (-5.0, 5.0, 15.0))
    rows, exact = list(compare_solvers(problem, seed=1)), search(problem)
    assert [row["snr_db"] for row in rows] == [-5.0, 5.0, 15.0]
    assert [row["gvif_search"] for row in rows] == exact.gvif.tolist()
    assert [row["feasible"] for row in rows] == exact.feasible.tolist()
    for row in rows:
        assert row["transport"] == "capacity"
        assert 0.99 * row["gvif_search"] <= row["gvif_algorithm1"] <= row["gvif_search"] + 1e-12
        assert row["algorithm1_ms"] > row["search_ms"] > 0
