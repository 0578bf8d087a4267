"""Measures of masks and maps: bounded, exact where they agree, equal to their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from gensc_models.metrics.foreground import (
    best_f_measure,
    f_measure,
    f_measure_curve,
    iou_curve,
    map_error,
    mask_iou,
    worst_box,
)

SHAPES = array_shapes(min_dims=2, max_dims=2, max_side=8)


@st.composite
def masks(draw, count=2):
    shape = draw(SHAPES)
    return [draw(arrays(np.bool_, shape)) for _ in range(count)]


@st.composite
def map_and_mask(draw):
    """A map as 8 bits hold it, and a mask."""
    shape = draw(SHAPES)
    return draw(arrays(np.uint8, shape)) / 255.0, draw(arrays(np.bool_, shape))


@given(masks())
def test_iou_is_symmetric_within_0_and_1_and_1_only_for_equal_masks(pair):
    a, b = pair
    assert mask_iou(a, b) == mask_iou(b, a)
    assert 0 <= mask_iou(a, b) <= 1
    assert (mask_iou(a, b) == 1) == np.array_equal(a, b)


@given(masks(3))
def test_jaccard_distance_obeys_the_triangle_inequality(three):
    a, b, c = three
    far = 1 - mask_iou(a, c)
    assert far <= (1 - mask_iou(a, b)) + (1 - mask_iou(b, c)) + 1e-12


@given(masks(), st.floats(0.01, 100))
def test_f_measure_is_that_of_precision_and_recall(pair, beta_squared):
    predicted, truth = pair
    value = f_measure(predicted, truth, beta_squared)
    hit = (predicted & truth).sum()
    if not hit:
        assert value == (0 if predicted.any() or truth.any() else 1)
        return
    precision, recall = hit / predicted.sum(), hit / truth.sum()
    expected = (1 + beta_squared) * precision * recall / (beta_squared * precision + recall)
    assert value == pytest.approx(expected)
    assert min(precision, recall) - 1e-9 <= value <= max(precision, recall) + 1e-9


def test_precision_weighs_more_than_recall():
    truth = np.zeros((10, 10), bool)
    truth[:, :4] = True
    half, double = truth.copy(), truth.copy()
    half[:, 2:4] = False  # precision 1, recall 1/2
    double[:, 4:8] = True  # precision 1/2, recall 1
    assert f_measure(half, truth) == pytest.approx(1.3 * 0.5 / (0.3 + 0.5))
    assert f_measure(double, truth) == pytest.approx(1.3 * 0.5 / (0.15 + 1))
    assert f_measure(half, truth) > f_measure(double, truth)


@given(map_and_mask())
def test_curves_hold_the_measures_of_every_threshold(pair):
    values, truth = pair
    curve, ious = f_measure_curve(values, truth), iou_curve(values, truth)
    assert curve.shape == ious.shape == (256,)
    for threshold in (0, 1, 77, 128, 254, 255):
        mask = np.round(values * 255) >= threshold
        assert curve[threshold] == pytest.approx(f_measure(mask, truth))
        assert ious[threshold] == pytest.approx(mask_iou(mask, truth))


@given(map_and_mask())
def test_best_f_measure_is_reached_at_its_threshold(pair):
    values, truth = pair
    best, threshold = best_f_measure(values, truth)
    assert best == f_measure_curve(values, truth).max()
    assert best == pytest.approx(f_measure(values >= threshold - 1e-6, truth))


@given(masks(1))
def test_a_mask_as_its_own_map_is_found_whole(one):
    (truth,) = one
    assert best_f_measure(truth.astype(np.float32), truth)[0] == 1


@given(masks())
def test_error_between_maps_of_masks_is_the_share_of_pixels_that_differ(pair):
    a, b = pair
    assert map_error(a.astype(np.float32), b.astype(np.float32)) == pytest.approx((a ^ b).mean())


@given(map_and_mask())
def test_error_is_symmetric_bounded_and_0_for_equal_maps(pair):
    values, mask = pair
    other = mask.astype(np.float64)
    assert map_error(values, values) == 0
    assert 0 <= map_error(values, other) == map_error(other, values) <= 1


def test_a_rounding_error_beyond_the_range_is_forgiven():
    over = np.full((2, 2), 1 + 2e-7, np.float32)
    assert f_measure_curve(over, np.ones((2, 2), bool)).tolist() == [1.0] * 256
    assert f_measure_curve(-over + 1, np.ones((2, 2), bool))[0] == 1


def test_what_is_no_mask_or_map_is_refused():
    mask, values = np.zeros((2, 3), bool), np.zeros((2, 3))
    for measure in (mask_iou, f_measure):
        with pytest.raises(ValueError, match="bool mask"):
            measure(values, mask)
        with pytest.raises(ValueError, match="one shape"):
            measure(mask, mask.T)
    for wrong in (values - 0.1, values + 1.1, values * np.nan, mask):
        with pytest.raises(ValueError, match="map must be"):
            f_measure_curve(wrong, mask)
        with pytest.raises(ValueError, match="map must be"):
            map_error(values, wrong)
    with pytest.raises(ValueError, match="truth must be"):
        best_f_measure(values, mask.T)
    with pytest.raises(ValueError, match="one shape"):
        map_error(values, values.T)


@pytest.mark.parametrize(("top", "left"), [(0, 0), (30, 70), (56, 88)])
def test_the_worst_box_lies_over_the_damage(top, left):
    error = np.zeros((64, 96))
    error[top : top + 8, left : left + 8] = 1.0
    rows, columns = worst_box(error, 16)
    assert (rows.stop - rows.start, columns.stop - columns.start) == (16, 16)
    assert error[rows, columns].sum() == 64.0
