"""The inline chart: round ticks that span the data, colours left to the page."""

import math
import xml.etree.ElementTree as ET
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gensc.figures.chart import Series, line_chart, ticks

numbers = st.floats(-100, 100, allow_nan=False).map(lambda x: round(x, 3))


@given(st.lists(numbers, min_size=1, max_size=20))
def test_ticks_span_the_values_and_are_few(values):
    found = ticks(values)
    assert found[0] <= min(values) + 1e-6
    assert found[-1] >= max(values) - 1e-6
    assert 2 <= len(found) <= 10


@given(st.lists(numbers, min_size=2, max_size=20))
def test_ticks_are_evenly_spaced(values):
    found = ticks(values)
    steps = {round(b - a, 6) for a, b in pairwise(found)}
    assert len(steps) == 1


def test_chart_is_well_formed_and_names_series_and_axes():
    chart = line_chart([Series("A < B", [(0, 20), (10, 30)], "red")], "x & y", "PSNR")
    root = ET.fromstring(f"<div>{chart}</div>")
    text = "".join(root.itertext())
    assert "A < B" in text
    assert "x & y" in text
    assert "PSNR" in text


def test_points_that_are_not_finite_are_left_out():
    chart = line_chart([Series("a", [(0, math.nan), (1, 2), (2, math.inf)], "red")], "x", "y")
    assert "nan" not in chart
    assert chart.count("<circle") == 1


def test_nothing_to_draw_gives_nothing():
    assert line_chart([Series("a", [], "red")], "x", "y") == ""
