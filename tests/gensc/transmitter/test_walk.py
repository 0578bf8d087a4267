"""The walk of the SNR, and when images are sent on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc.transmitter.walk import CUT, FIXED, LOOP, Walk


@given(st.floats(10, 100), st.floats(0, 1))
def test_the_walk_goes_down_and_up_between_its_ends(walk_s, share):
    plan = Walk(walk_s=walk_s)
    assert plan.snr_db(0) == plan.snr_db(walk_s) == 20
    assert plan.snr_db(walk_s / 2) == 0
    assert plan.snr_db(share * walk_s) == pytest.approx(plan.snr_db((1 - share) * walk_s))


def test_the_runs_are_the_whole_walk_every_third_image_and_the_middle():
    plan = Walk(walk_s=60, interval_s=0.5, cut_s=10, around_s=5, fixed_every=3)
    loop, fixed, cut = (plan.times(run) for run in (LOOP, FIXED, CUT))
    assert (loop[0], loop[-1], len(loop)) == (0, 60, 121)
    assert fixed == loop[::3]
    assert (cut[0], cut[-1]) == (20, 40)
    assert [at for at in cut if plan.is_cut(at)] == [25 + 0.5 * i for i in range(20)]
