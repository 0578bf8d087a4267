"""gensc.adapt.algorithm1: as good as the exhaustive search, and never outside the limits."""

import numpy as np
import pytest

from adapt_families import family
from gensc.adapt.algorithm1 import Algorithm1Config, algorithm1, interpolate
from gensc.adapt.problem import Problem
from gensc.adapt.search import search
from gensc.adapt.transport import BurstTransport, CapacityTransport

SNRS = tuple(float(snr) for snr in range(-5, 21))
CASES = [
    (seed, link)
    for seed in range(2)
    for link in (CapacityTransport(0.02), CapacityTransport(0.08), BurstTransport(0.05))
]


@pytest.fixture(scope="module")
def solved():
    """Runs and the problems they solve, by case."""
    families = [family(seed, images=8, points=10, alpha_step=0.05) for seed in range(2)]
    problems = [Problem(families[seed], link, SNRS) for seed, link in CASES]
    return [(problem, algorithm1(problem)) for problem in problems]


def test_its_gvif_is_within_1_percent_of_the_search_at_every_snr(solved):
    for problem, run in solved:
        exact = search(problem)
        np.testing.assert_array_equal(run.solution.feasible, exact.feasible)
        assert (run.solution.gvif >= 0.99 * exact.gvif).all()
        assert (run.solution.gvif <= exact.gvif + 1e-12).all()
    assert sum(search(problem).feasible.sum() for problem, _ in solved) > 100


def test_no_constraint_is_ever_violated(solved):
    for problem, run in solved:
        found, measured = run.solution, problem.family
        here = found.feasible
        bits = measured.expected_bits[found.point, found.alpha]
        assert (bits <= problem.budget_bits)[here].all()
        psnr = measured.mask_psnr_db[found.point, found.alpha]
        assert (psnr >= problem.mask_psnr_floor_db - 1e-9)[here].all()
        assert (measured.alphas[found.alpha[here]] <= problem.alpha_max).all()


def test_before_rounding_it_stands_where_the_penalty_balances_the_fidelity(solved):
    # A quadratic penalty ends a little outside the limit; 20 % would be no solution.
    for problem, run in solved:
        inside = (run.alpha > 0.01) & (run.alpha < problem.largest_alpha - 0.01)
        bits = interpolate(
            problem.family.expected_bits[None, ..., None], problem.family.alphas, 0,
            np.arange(len(problem.family.points)), run.alpha,
        )[..., 0]  # fmt: skip
        over = (bits / problem.budget_bits[:, None])[inside]
        assert np.percentile(over, 5) > 0.8
        assert np.percentile(over, 95) < 1.2


def test_it_converges_by_itself(solved):
    for problem, run in solved:
        assert run.converged[:, problem.feasible_points].mean() > 0.95
        assert (run.iterations[:, ~problem.feasible_points] == 0).all()


def test_the_same_seed_gives_the_same_run():
    problem = Problem(family(images=4, points=4, alpha_step=0.1), CapacityTransport(0.02), SNRS)
    brief = Algorithm1Config(max_iterations=20)
    first, second = algorithm1(problem, brief, seed=5), algorithm1(problem, brief, seed=5)
    np.testing.assert_array_equal(first.alpha, second.alpha)
    assert (algorithm1(problem, brief, seed=6).alpha != first.alpha).any()


def test_where_no_point_is_good_enough_nothing_is_chosen():
    problem = Problem(family(images=2, points=3, alpha_step=0.1), CapacityTransport(1.0), SNRS, 60)
    assert not algorithm1(problem).solution.feasible.any()


def test_the_quantities_are_linear_between_the_thresholds_and_constant_outside():
    values = np.array([[[[0.0], [10.0], [30.0]]]])
    grid = np.array([0.0, 0.5, 1.0])
    at = np.array([-1.0, 0.0, 0.25, 0.5, 0.9, 1.0, 2.0])
    between = interpolate(values, grid, 0, np.zeros(7, dtype=int), at)[:, 0]
    np.testing.assert_allclose(between, [0, 0, 5, 10, 26, 30, 30])


@pytest.mark.parametrize(
    "change", [{"penalty": 0}, {"smoothing": -1}, {"step": 0}, {"batch": 0}, {"start": 1.5}]
)
def test_parameters_with_which_nothing_converges_are_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        Algorithm1Config(**change)
