"""Pace of a run and averaging of its weights."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gensc_models.training.schedule import follow, pace


@given(st.integers(0, 5000), st.floats(0, 2), st.floats(0, 0.5))
def test_the_pace_lies_between_nothing_and_the_peak(
    step: int, progress: float, floor: float
) -> None:
    assert 0.0 <= pace(step, 200, progress, floor) <= 1.0


@given(st.floats(0, 1), st.floats(0, 1))
def test_after_the_warm_up_it_only_falls(one: float, other: float) -> None:
    early, late = sorted((one, other))
    assert pace(1000, 200, early) >= pace(1000, 200, late)


def test_it_warms_up_and_ends_at_the_floor() -> None:
    assert pace(0, 200, 0.0) == pytest.approx(1 / 200)
    assert pace(199, 200, 0.0) == 1.0
    assert pace(999, 200, 1.0, floor=0.02) == pytest.approx(0.02)
    assert pace(999, 200, 7.0, floor=0.0) == pytest.approx(0.0)


def test_the_average_follows_fast_at_first_and_slowly_later() -> None:
    average, current = [torch.zeros(2)], [torch.ones(2)]
    follow(average, current, step=0, decay=0.999)
    assert average[0].tolist() == pytest.approx([0.9, 0.9])
    average = [torch.zeros(2)]
    follow(average, current, step=10**6, decay=0.999)
    assert average[0].tolist() == pytest.approx([1e-3, 1e-3], rel=1e-3)


def test_a_run_of_few_steps_does_not_spend_them_on_warming_up() -> None:
    assert pace(1, 200, 0.05) == pytest.approx(0.5, abs=0.01)
    assert pace(2, 200, 0.1) == pytest.approx(0.976, abs=0.01)
