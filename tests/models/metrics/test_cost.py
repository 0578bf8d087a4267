"""Costs: operations are counted, times are medians that leave out the first call."""

import time

import pytest
import torch

from gensc_models.metrics.cost import macs, milliseconds


def test_macs_of_a_known_product():
    x, w = torch.ones(5, 10), torch.ones(10, 20)
    assert macs(lambda: x @ w) == 5 * 10 * 20


def test_the_first_call_does_not_count():
    waits = iter((0.2, 0.01, 0.01, 0.01))
    assert milliseconds(lambda: time.sleep(next(waits)), 3) == pytest.approx(10, abs=9)
    assert next(waits, None) is None
