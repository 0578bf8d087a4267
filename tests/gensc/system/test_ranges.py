"""Lists of numbers on the command line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc.system.errors import UserError
from gensc.system.ranges import parse_numbers


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("5", [5]),
        ("0,5,10", [0, 5, 10]),
        ("0:10:5", [0, 5, 10]),
        ("-2.5,0:1:0.5", [-2.5, 0, 0.5, 1]),
    ],
)
def test_commas_and_ranges(text, values):
    assert parse_numbers(text, "--snr") == values


@pytest.mark.parametrize(
    "text", ["", "a", "1,,2", "1:2", "0:10:0", "10:0:1", "nan", "inf", "0:1e9:1"]
)
def test_mistakes_name_the_option(text):
    with pytest.raises(UserError, match="--snr"):
        parse_numbers(text, "--snr")


@given(st.integers(-30, 30), st.integers(0, 60), st.sampled_from([0.1, 0.25, 0.5, 1, 2.5]))
def test_range_includes_both_ends_and_never_passes_the_last(low, span, step):
    high = low + span
    values = parse_numbers(f"{low}:{high}:{step}", "--snr")
    assert values[0] == low
    assert high - step < values[-1] <= high + 1e-9
