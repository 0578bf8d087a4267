"""Figures of importance maps, and the baselines without learning."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_models.metrics.foreground import f_measure_curve, iou_curve
from gensc_models.metrics.importance import evaluate
from gensc_models.semantics.importance.classical import CentrePrior, SpectralResidual
from gensc_models.semantics.importance.maps import MappedPhoto
from pdu_blocks import smooth_image


class Fixed:
    """A source that knows the answer."""

    name = "fixed"

    def __init__(self, values):
        self.values = values

    def __call__(self, image):
        return self.values


def square(inside=255, outside=0):
    values = np.full((40, 60), outside, np.uint8)
    values[10:20, 20:40] = inside
    return values


def test_the_map_itself_is_perfect():
    pair = MappedPhoto("a", smooth_image(40, 60, 1), square())
    scores = evaluate(Fixed(square().astype(np.float32) / 255), [pair])
    assert (scores.f_measure, scores.iou, scores.mae, scores.images) == (1.0, 1.0, 0.0, 1)


def test_everything_marked_has_the_precision_of_the_marked_share():
    pair = MappedPhoto("a", smooth_image(40, 60, 1), square())
    scores = evaluate(Fixed(np.ones((40, 60), np.float32)), [pair])
    share = 200 / 2400
    assert scores.iou == pytest.approx(share)
    assert scores.f_measure == pytest.approx(1.3 * share / (0.3 * share + 1.0))
    assert scores.mae == pytest.approx(1 - share)


@given(st.integers(0, 1000))
def test_curves_are_those_of_the_definition(seed):
    random = np.random.default_rng(seed)
    found, marked = random.random((6, 7)).astype(np.float32), random.random((6, 7)) < 0.4
    marked[0, 0] = True
    f_measure, iou = f_measure_curve(found, marked)[1:], iou_curve(found, marked)[1:]
    for level in (1, 100, 255):
        above = found >= level / 255
        hits = (above & marked).sum()
        precision, recall = hits / max(above.sum(), 1), hits / marked.sum()
        expected = 1.3 * precision * recall / max(0.3 * precision + recall, 1e-12)
        assert f_measure[level - 1] == pytest.approx(expected)
        assert iou[level - 1] == pytest.approx(hits / (above | marked).sum())


def test_images_with_nothing_marked_count_for_the_error_alone():
    empty = MappedPhoto("b", smooth_image(40, 60, 2), np.zeros((40, 60), np.uint8))
    marked = MappedPhoto("a", smooth_image(40, 60, 1), square())
    source = Fixed(square().astype(np.float32) / 255)
    scores = evaluate(source, [empty, marked])
    assert (scores.f_measure, scores.images) == (1.0, 1)
    assert scores.mae == pytest.approx(200 / 2400 / 2)
    with pytest.raises(ValueError, match="no photo with anything marked"):
        evaluate(source, [empty])


def test_the_centre_prior_is_largest_in_the_middle():
    values = CentrePrior()(smooth_image(41, 61, 1))
    assert np.unravel_index(values.argmax(), values.shape) == (20, 30)
    assert values.max() == pytest.approx(1.0)
    np.testing.assert_allclose(values, values[::-1, ::-1], atol=1e-6)


def test_the_spectral_residual_finds_what_stands_out():
    grey = np.random.default_rng(0).normal(100, 12, (96, 128))
    grey[40:52, 80:92] += 90
    image = np.repeat(np.clip(grey, 0, 255)[..., None], 3, axis=2).astype(np.uint8)
    values = SpectralResidual()(image)
    assert values.shape == (96, 128)
    row, column = np.unravel_index(values.argmax(), values.shape)
    assert 38 <= row <= 54
    assert 78 <= column <= 94
