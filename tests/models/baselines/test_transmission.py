"""What a scheme may send: costs are the budget's to say, and nothing exceeds it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gensc_models.baselines import Budget, Transmission


def budget(symbols, per_byte=4, head=10):
    """A section costs ``head`` symbols and so many a byte."""
    return Budget(symbols, lambda n: head + per_byte * n, lambda n: head + 2 * per_byte * n)


def test_a_section_that_is_not_sent_costs_nothing():
    assert (budget(0).text_cost(""), budget(0).bits_cost(b"")) == (0, 0)
    assert (budget(0).text_cost("ab"), budget(0).bits_cost(b"ab")) == (18, 26)
    # In UTF-8 an umlaut has two bytes.
    assert budget(0).text_cost("ä") == budget(0).text_cost("ab")


def test_the_cost_of_a_transmission_is_that_of_all_its_sections():
    sent = Transmission(8, 8, "ab", b"abc", np.ones(7, np.complex64))
    assert sent.cost(budget(0)) == 18 + 34 + 7
    assert budget(100).left("ab", b"abc") == 100 - 18 - 34


@given(
    caption=st.text(st.characters(codec="utf-8"), max_size=60),
    bits=st.binary(max_size=8),
    symbols=st.integers(0, 300),
)
def test_the_part_of_a_caption_that_fits_fits_and_is_its_beginning(caption, bits, symbols):
    room = budget(symbols)
    text = room.fit(caption, bits)
    assert " ".join(caption.split()).startswith(text)
    assert not text or room.left(text, bits) >= 0


def test_a_caption_is_cut_only_where_it_must():
    caption = "A red cat. It sits on the grass."
    whole = budget(0).text_cost(caption)
    assert budget(whole).fit(caption) == caption
    assert budget(whole - 1).fit(caption) == "A red cat."
    assert budget(20).fit(caption) == "A"
    assert budget(9).fit(caption) == ""
    assert budget(whole).fit(caption, b"ab") == "A red cat."


def test_what_arrives_intact_is_what_was_sent():
    sent = Transmission(8, 9, "ab", b"abc", np.ones(7, np.complex64), 5)
    got = sent.intact(0.25)
    assert (got.height, got.width, got.text, got.bits, got.aux) == (8, 9, "ab", b"abc", 5)
    assert np.array_equal(got.symbols, sent.symbols)
    assert got.noise_var.tolist() == [0.25] * 7
