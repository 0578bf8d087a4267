"""The way of an image to the disk is measured step by step, and the steps make the whole."""

from __future__ import annotations

import math

import pytest

from gensc.receiver.records import STEPS
from gensc.trials.latency import TOTAL, Settings, run


@pytest.fixture(scope="module")
def result():
    return run(False, Settings(("softcast",), images=3, interval_s=0.2, side=96))


def test_every_image_has_every_step_and_they_add_up(result):
    assert len(result.lines) == 3
    for row in result.lines:
        assert all(math.isfinite(row[step]) and row[step] >= 0 for step in STEPS)
        assert row[TOTAL] == pytest.approx(sum(row[step] for step in STEPS))


def test_half_of_the_images_are_not_slower_than_the_slowest(result):
    assert [row["step"] for row in result.rows] == [*STEPS, TOTAL]
    assert all(row["p50_ms"] <= row["p95_ms"] for row in result.rows)
    assert (len(result.checks), list(result.figures)) == (1, ["latency"])
