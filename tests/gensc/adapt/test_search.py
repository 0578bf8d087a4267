"""gensc.adapt.search: the best choice that meets all constraints, and it only."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapt_families import family
from gensc.adapt.problem import Problem
from gensc.adapt.search import search
from gensc.adapt.transport import BurstTransport, CapacityTransport

SNRS = tuple(float(snr) for snr in range(-5, 21, 2))
problems = st.builds(
    lambda seed, t_max, floor, top, link: Problem(
        family(seed, images=3, points=7, alpha_step=0.1), link(t_max), SNRS, floor, top
    ),
    st.integers(0, 9),
    st.floats(0.005, 0.2),
    st.floats(25, 41),
    st.sampled_from([0.0, 0.3, 0.8, 1.0]),
    st.sampled_from([CapacityTransport, BurstTransport]),
)
# Making a family takes longer than solving its problem.
calmly = settings(deadline=None, max_examples=25)


@calmly
@given(problems)
def test_it_is_the_best_of_all_that_meet_the_constraints(problem):
    found, family = search(problem), problem.family
    floor = problem.mask_psnr_floor_db / 10
    for row, budget in enumerate(problem.budget_bits):
        meeting = [
            (family.expected_gvif[p, a], -family.expected_bits[p, a])
            for p in range(len(family.points))
            for a in range(len(family.alphas))
            if family.expected_bits[p, a] <= budget
            and (family.mse.mean(axis=0)[p, : a + 1] <= 255**2 / 10**floor).all()
            and family.alphas[a] <= problem.alpha_max
        ]
        assert found.feasible[row] == bool(meeting)
        if meeting:
            assert found.gvif[row] == pytest.approx(max(meeting)[0])
            taken = family.expected_bits[found.point[row], found.alpha[row]]
            assert taken <= budget
            assert family.alphas[found.alpha[row]] <= problem.alpha_max
            psnr = family.mask_psnr_db[found.point[row], found.alpha[row]]
            assert psnr >= problem.mask_psnr_floor_db - 1e-9


@calmly
@given(problems)
def test_more_snr_never_brings_less_fidelity(problem):
    found = search(problem)
    assert (np.diff(found.gvif) >= 0).all()
    assert (np.diff(found.feasible.astype(int)) >= 0).all()


@calmly
@given(problems, st.floats(1, 3))
def test_more_time_never_brings_less_fidelity(problem, factor):
    link = CapacityTransport(problem.transport.t_max_s * factor)
    shorter = Problem(problem.family, CapacityTransport(problem.transport.t_max_s), SNRS)
    assert (search(Problem(problem.family, link, SNRS)).gvif >= search(shorter).gvif).all()


def test_with_enough_time_everything_is_sent_by_the_finest_point():
    found = search(Problem(family(images=3), CapacityTransport(10.0), SNRS))
    assert found.feasible.all()
    assert (found.gvif == 1.0).all()
    assert (found.alpha == 0).all()


def test_of_equal_fidelities_the_cheapest_is_taken():
    measured = family(images=3, points=3, alpha_step=0.1)
    flat = type(measured)(
        measured.points, measured.alphas, measured.bits, np.ones_like(measured.gvif), measured.mse
    )
    found = search(Problem(flat, CapacityTransport(10.0), SNRS, 0.0, 0.8))
    cheapest = flat.expected_bits[:, :9].min()
    assert np.unique(flat.expected_bits[found.point, found.alpha]).tolist() == [cheapest]
