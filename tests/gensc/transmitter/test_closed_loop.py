"""The closed loop over the flowgraph: choices follow the reports, and what is lost or late."""

import math
from dataclasses import replace

import pytest

from gensc.system.errors import UserError
from gensc.transmitter.closed_loop import ClosedLoop
from rate_tables import table
from small_hyperprior import photo
from small_loop import small_loop

PHOTO = photo(64, 96)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    return small_loop(tmp_path_factory.mktemp("loop"))


def test_the_loop_starts_robust_follows_the_reports_and_falls_back_without_them(config):
    rows = table().choices
    with ClosedLoop(config, snr_db=15.5) as loop:
        first = loop.send(PHOTO, 0, 15.5, 0.0)
        second = loop.send(PHOTO, 1, 15.5, 0.25)
        loop.feedback.set_enabled(False)
        third = loop.send(PHOTO, 2, 15.5, 0.5)
        late = loop.send(PHOTO, 3, 15.5, 10.0)
    assert first.choice.snr_db == late.choice.snr_db == rows[0].snr_db
    assert math.isnan(first.level_db)
    assert second.choice.snr_db == third.choice.snr_db == 15.0
    assert second.level_db == pytest.approx(15.5, abs=0.5)
    assert second.mcs == second.choice.mcs > first.mcs
    for passed in (first, second, third, late):
        assert passed.delivered
        assert passed.image.shape == PHOTO.shape
        assert passed.measured_db == pytest.approx(15.5, abs=0.6)


def test_a_fixed_choice_is_sent_whatever_the_channel_does(config):
    fixed = replace(table().choices[15], budget_bits=60_000.0)
    with ClosedLoop(config, fixed) as loop:
        good, bad = loop.send(PHOTO, 0, 18.0, 0.0), loop.send(PHOTO, 1, 5.0, 0.25)
    assert good.choice == bad.choice == fixed
    assert (good.delivered, bad.delivered) == (True, False)


def test_what_is_late_is_not_delivered(config):
    fixed = replace(table().choices[15], budget_bits=8.0)
    with ClosedLoop(config, fixed) as loop:
        passed = loop.send(PHOTO, 0, 20.0, 0.0)
    assert (passed.complete, passed.in_time, passed.delivered) == (True, False, False)


def test_an_image_of_which_nothing_is_heard_is_given_up(config, monkeypatch):
    with ClosedLoop(config) as loop:
        with monkeypatch.context() as hurry:
            hurry.setattr("gensc.transmitter.closed_loop.PATIENCE_S", 0.5)
            hurry.setattr("gensc.transmitter.closed_loop.LAST_PATIENCE_S", 0.5)
            lost = loop.send(PHOTO, 0, -20.0, 0.0)
            # The noise of the last thousand samples was made before.
            loop.send(PHOTO, 1, 20.0, 0.25)
        found = loop.send(PHOTO, 2, 20.0, 0.5)
    assert (lost.image, lost.delivered) == (None, False)
    assert math.isnan(lost.measured_db)
    assert found.delivered


def test_missing_weights_are_one_line(config):
    with pytest.raises(UserError, match="nobody"):
        ClosedLoop(replace(config, bank="nobody"))
