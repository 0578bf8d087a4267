"""Captions cut to a number of bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_models.semantics.captions import shorten


@pytest.mark.parametrize(
    ("limit", "left"),
    [
        (99, "One bridge. Two boats! Sky."),
        (26, "One bridge. Two boats!"),
        (22, "One bridge. Two boats!"),
        (21, "One bridge."),
        (10, "One"),
        (3, "One"),
        (2, ""),
        (0, ""),
    ],
)
def test_it_is_cut_at_a_sentence_or_else_at_a_word(limit, left):
    assert shorten("One bridge.\n Two  boats! Sky.", limit) == left


def test_a_number_with_a_point_is_no_end_of_a_sentence():
    assert shorten("About 3.5 metres of red wall", 12) == "About 3.5"


@given(st.text(st.characters(codec="utf-8"), max_size=80), st.integers(0, 100))
def test_what_is_left_fits_and_is_the_beginning(text, limit):
    left = shorten(text, limit)
    assert len(left.encode()) <= limit
    assert " ".join(text.split()).startswith(left)
