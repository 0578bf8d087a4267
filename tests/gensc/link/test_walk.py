"""A walk begins at the top, turns at the bottom, and never leaves its bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc.link.walk import Walk


def test_it_goes_down_and_up_again():
    walk = Walk(3, 18, 60)
    assert [walk.at(s) for s in (0, 15, 30, 45, 60)] == [18, 10.5, 3, 10.5, 18]


@given(st.floats(0, 1e6), st.floats(-30, 60), st.floats(0, 30), st.floats(0.1, 1e4))
def test_it_stays_within_its_bounds(seconds, lowest, span, period):
    assert lowest - 1e-9 <= Walk(lowest, lowest + span, period).at(seconds) <= lowest + span + 1e-9


@pytest.mark.parametrize(("lowest", "highest", "period"), [(4, 3, 1), (3, 4, 0)])
def test_what_is_no_walk_is_refused(lowest, highest, period):
    with pytest.raises(ValueError, match=r"walk|above"):
        Walk(lowest, highest, period)
