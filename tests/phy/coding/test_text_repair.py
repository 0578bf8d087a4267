"""Damaged captions: what is whole is kept, the rest is cut or dropped."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_phy.coding.mcs import MCS_TABLE
from gensc_phy.coding.text import DEFAULT_MCS, decode_text, encode_text
from gensc_phy.coding.text_repair import LEAST_WORDS, whole_text

TEXT = "A red bridge over a river. Two boats lie left of it! The sky is pale and cloudy."


def whole(text, *damaged):
    """What is left of a text of which some stretches, named by what they hold, are damaged."""
    payload = text.encode()
    intact = np.ones(len(payload), bool)
    for part in damaged:
        start = payload.index(part.encode())
        intact[start : start + len(part.encode())] = False
    return whole_text(payload, intact)


@pytest.mark.parametrize(
    ("damaged", "left"),
    [
        ("river", "Two boats lie left of it! The sky is pale and cloudy."),
        ("boats lie", "A red bridge over a river. The sky is pale and cloudy."),
        ("cloudy", "A red bridge over a river. Two boats lie left of it!"),
        (TEXT[:30], "The sky is pale and cloudy."),
        (TEXT[20:], "A red bridge over a"),
        (TEXT[:60], "is pale and cloudy."),
        (TEXT[:70], ""),
        (TEXT, ""),
    ],
)
def test_whole_sentences_are_kept_and_without_any_whole_words(damaged, left):
    assert whole(TEXT, damaged) == left


def test_pieces_of_several_runs_keep_their_order():
    assert whole(TEXT, "red", "pale") == "Two boats lie left of it!"
    assert whole("one two three four five six seven eight nine", "four", "nine") == (
        "one two three five six seven eight"
    )


def test_a_character_cut_in_two_is_no_character():
    text = "Ein Café über dem Fluß, daneben Bäume und ein Ufer"
    payload = text.encode()
    intact = np.arange(len(payload)) < payload.index("ß".encode()) + 1
    assert whole_text(payload, intact) == "Ein Café über dem"
    assert whole_text(payload, ~intact) == "daneben Bäume und ein Ufer"


def test_other_writing_is_cut_at_its_own_full_stops():
    assert whole("红色的桥。河上有两条船。天空多云。", "两条") == "红色的桥。 天空多云。"


def test_bytes_that_are_no_text_are_not_taken_for_one():
    payload = b"a few words \xff\xfe and some more words here"
    assert whole_text(payload, np.arange(len(payload)) < 30) == ""


def test_marks_of_another_length_are_refused():
    with pytest.raises(ValueError, match="4 bytes"):
        whole_text(b"four", np.ones(3, bool))


@given(st.text(max_size=120), st.lists(st.booleans(), max_size=500))
def test_nothing_is_ever_said_that_was_not_sent(text, marks):
    payload = text.encode("utf-8", errors="replace")
    text = payload.decode()
    intact = np.resize(np.array([*marks, True]), len(payload))
    left = whole_text(payload, intact)
    sent = "".join(text.split())
    position = 0
    for character in "".join(left.split()):
        position = sent.index(character, position) + 1
    assert left == "" or intact.any()


@given(st.text(alphabet="ab .,é", max_size=80))
def test_a_text_without_damage_stays_as_it_is(text):
    payload = text.encode()
    left = whole_text(payload, np.ones(len(payload), bool))
    assert left == (text.strip() if text.strip() else "")


def through_noise(text, snr_db, seed):
    payload, symbols = encode_text(text)
    noise = np.random.default_rng(seed).normal(size=(symbols.size, 2)) @ (1, 1j)
    variance = 10 ** (-snr_db / 10)
    return decode_text(symbols + noise * np.sqrt(variance / 2), variance, len(payload))


def test_every_text_is_exact_repaired_or_dropped_and_what_is_repaired_is_right():
    sentences = [f"Sentence {i} speaks of item {i * i} and of nothing else." for i in range(60)]
    seen = set()
    for seed in range(40):
        snr_db = DEFAULT_MCS.threshold_db - 0.2 - 0.02 * seed
        result = through_noise(" ".join(sentences), snr_db, seed)
        seen.add(result.state)
        words = result.whole.split()
        if result.state == "exact":
            assert result.whole == " ".join(sentences)
        if result.state == "repaired":
            assert len(words) >= LEAST_WORDS
            assert set(words) <= set(" ".join(sentences).split())
        if result.state == "dropped":
            assert result.whole == ""
    assert seen == {"exact", "repaired", "dropped"}


@settings(deadline=None, max_examples=20)
@given(st.text(max_size=60), st.sampled_from(MCS_TABLE))
def test_a_text_that_arrives_is_exact(text, mcs):
    payload, symbols = encode_text(text, mcs)
    result = decode_text(symbols, 1e-3, len(payload), mcs)
    assert (result.state, result.whole) == ("exact", text)
