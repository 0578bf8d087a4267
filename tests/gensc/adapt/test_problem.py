"""gensc.adapt.problem: what may be measured, and the constraints of Eq. 31."""

from dataclasses import replace

import numpy as np
import pytest

from adapt_families import family
from gensc.adapt.problem import Family, Problem, covering
from gensc.adapt.transport import CapacityTransport

LINK = CapacityTransport(0.02)


def tiny(**changes):
    """One image, two operating points, three thresholds."""
    values = {
        "points": (3, 7),
        "alphas": np.array([0.0, 0.4, 0.8]),
        "bits": np.array([[[300.0, 200.0, 90.0], [600.0, 400.0, 100.0]]]),
        "gvif": np.array([[[0.6, 0.4, 0.1], [1.0, 0.7, 0.2]]]),
        "mse": np.array([[[60.0, 66.0, 70.0], [20.0, 21.0, 22.0]]]),
    }
    return Family(**(values | changes))


def test_expectations_are_means_over_the_images():
    measured = family(images=5)
    np.testing.assert_allclose(measured.expected_bits, np.mean(list(measured.bits), axis=0))
    np.testing.assert_allclose(measured.expected_gvif, np.mean(list(measured.gvif), axis=0))


def test_the_mask_psnr_is_never_above_the_mean_of_the_images_own():
    measured = family(images=5)
    own = 10 * np.log10(255**2 / measured.mse)
    assert (measured.mask_psnr_db <= own.mean(axis=0) + 1e-9).all()


def test_the_floor_bounds_the_threshold_of_each_point():
    # 62 is 30.2 dB, 66 is 29.9 dB: point 3 falls below 30 dB once something is filtered out.
    measured = tiny(mse=np.array([[[62.0, 66.0, 60.0], [20.0, 21.0, 22.0]]]))
    problem = Problem(measured, LINK, (0.0,), 30.0, 0.8)
    assert problem.allowed.tolist() == [[True, False, False], [True, True, True]]
    assert problem.largest_alpha.tolist() == [0.0, 0.8]
    assert problem.feasible_points.tolist() == [True, True]


def test_a_point_that_misses_the_floor_with_everything_sent_is_out():
    problem = Problem(tiny(), LINK, (0.0,), 31.0, 0.8)
    assert problem.feasible_points.tolist() == [False, True]


def test_only_thresholds_up_to_alpha_max_are_allowed():
    for top, count in ((0, 1), (0.39, 1), (0.4, 2), (0.8, 3)):
        assert Problem(tiny(), LINK, (0.0,), 0.0, top).allowed.sum(axis=1).tolist() == [count] * 2


def test_one_image_alone_has_its_own_expectations():
    measured = family(seed=1, images=4)
    assert (measured.only(2).expected_bits == measured.bits[2]).all()
    assert (measured.only(2).expected_gvif == measured.gvif[2]).all()


def test_the_coarsest_point_is_the_last_that_meets_the_floor_with_everything_sent():
    measured = family(seed=1, images=4)
    good = [p for p, db in zip(measured.points, measured.mask_psnr_db[:, 0], strict=True)
            if db >= 33.0]  # fmt: skip
    assert measured.coarsest(33.0) == max(good)
    assert measured.coarsest(100.0) == 1


def test_rows_have_the_expectations_of_every_point_and_threshold():
    measured = family(seed=1, images=4)
    rows = list(measured.as_rows())
    assert len(rows) == len(measured.points) * measured.alphas.size
    assert [row["level"] for row in rows[:: measured.alphas.size]] == list(measured.points)
    assert [row["gvif"] for row in rows] == measured.expected_gvif.ravel().tolist()
    assert rows[0]["kbit"] == measured.expected_bits[0, 0] / 1e3
    assert {row["images"] for row in rows} == {4}


def test_every_pair_that_breaks_the_order_of_figure_7_is_counted():
    measured = family(seed=1, images=4)
    assert measured.disorder == 0
    finest = measured.points.index(1)
    gvif, mse = measured.gvif.copy(), measured.mse.copy()
    gvif[:, finest] = 0.0  # below its neighbour at every threshold but where that has none either
    broken = replace(measured, gvif=gvif).disorder
    assert broken == measured.alphas.size
    mse[:, finest, 0] = mse[:, finest - 1, 0] + 1.0
    assert replace(measured, gvif=gvif, mse=mse).disorder == broken + 1


def test_the_budgets_are_those_of_the_link():
    problem = Problem(tiny(), LINK, (-5.0, 0.0, 20.0))
    assert problem.budget_bits.tolist() == [LINK.budget(snr).bits for snr in (-5.0, 0.0, 20.0)]


@pytest.mark.parametrize("share", [0.5, 0.75, 0.9, 1.0])
def test_bits_that_cover_a_share_of_the_images_do(share):
    measured = family(images=8, points=4, alpha_step=0.1)
    expected = covering(measured, share).expected_bits
    within = (measured.bits <= expected * (1 + 1e-12)).mean(axis=0)
    assert (within >= share).all()
    assert (covering(measured, share).gvif == measured.gvif).all()
    assert f"{share:.0%}" in covering(measured, share).source


@pytest.mark.parametrize("share", [0.0, -1.0, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match="share"):
        covering(tiny(), share)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"points": (3, 3)}, "differ"),
        ({"points": (1, 2, 3)}, "bits has shape"),
        ({"alphas": np.array([0.1, 0.4, 0.8])}, "from 0"),
        ({"alphas": np.array([0.0, 0.8, 0.4])}, "rise"),
        ({"alphas": np.array([0.0, 0.4, 1.1])}, "from 0 to at most 1"),
        ({"bits": np.zeros((1, 2, 3))}, "positive"),
        ({"bits": np.full((1, 2, 3), np.nan)}, "bits: not all finite"),
        ({"gvif": np.full((1, 2, 3), 1.5)}, "0 … 1"),
        ({"gvif": np.array([[[0.1, 0.4, 0.6], [1.0, 0.7, 0.2]]])}, "gvif rises"),
        ({"mse": np.ones((1, 2, 4))}, "mse has shape"),
    ],
)
def test_measurements_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        tiny(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"snrs_db": ()}, "SNRs"),
        ({"snrs_db": (3.0, 1.0)}, "rise"),
        ({"snrs_db": (3.0, float("nan"))}, "finite"),
        ({"alpha_max": 0.9}, "measured are 0 … 0.8"),
    ],
)
def test_a_problem_outside_what_was_measured_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(Problem(tiny(), LINK, (0.0,)), **changes)
