"""Text sections: exact when the CRC holds, readable and marked when it does not."""

import difflib
import unicodedata

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_phy.coding.bits import encode_bits, symbols_for
from gensc_phy.coding.mcs import MCS_TABLE
from gensc_phy.coding.text import DEFAULT_MCS, decode_text, encode_text

CAPTION = "Ein Astronaut im orangefarbenen Anzug lächelt; hinter ihm ein Space Shuttle. 宇航员"


def damaged(symbols, snr_db, seed):
    noise = np.random.default_rng(seed).normal(size=(symbols.size, 2)) @ (1, 1j)
    return symbols + noise * np.sqrt(0.5 * 10 ** (-snr_db / 10))


def test_default_scheme_is_that_of_gened_sc():
    assert (DEFAULT_MCS.bits_per_symbol, DEFAULT_MCS.code_rate) == (4, 0.5)


@settings(deadline=None)
@given(text=st.text(max_size=200), mcs=st.sampled_from(MCS_TABLE))
def test_any_text_survives_any_scheme(text, mcs):
    payload, symbols = encode_text(text, mcs)
    assert payload == text.encode()
    assert symbols.size == symbols_for(len(payload), mcs)
    result = decode_text(symbols, 1e-3, len(payload), mcs)
    assert (result.text, result.crc_ok, result.repaired) == (text, True, False)


def test_text_is_coded_like_any_bits():
    payload, symbols = encode_text(CAPTION)
    assert np.array_equal(symbols, encode_bits(payload, DEFAULT_MCS))


def test_damaged_text_is_marked_and_printable():
    payload, symbols = encode_text(CAPTION * 3)
    for seed in range(10):
        result = decode_text(damaged(symbols, 2, seed), 10**-0.2, len(payload))
        assert not result.crc_ok
        assert result.repaired
        assert not any(unicodedata.category(c) == "Cc" for c in result.text if c not in "\n\t")


def test_a_lightly_damaged_text_stays_readable():
    # A tenth of a dB below the threshold some codewords fail and others do not.
    text = "a photo of a red bridge over a river at sunset, " * 60
    payload, symbols = encode_text(text)
    snr_db = DEFAULT_MCS.threshold_db - 0.1
    likeness = []
    for seed in range(20):
        result = decode_text(damaged(symbols, snr_db, seed), 10 ** (-snr_db / 10), len(payload))
        if not result.crc_ok:
            matcher = difflib.SequenceMatcher(None, result.text, text, autojunk=False)
            likeness.append(matcher.ratio())
    assert len(likeness) >= 3
    assert np.mean(likeness) > 0.6


def test_control_characters_that_were_sent_are_kept():
    payload, symbols = encode_text("a\x07b\tc\n")
    result = decode_text(symbols, 1e-3, len(payload))
    assert result.text == "a\x07b\tc\n"
    assert not result.repaired


def test_bytes_that_are_no_text_are_replaced_and_marked():
    symbols = encode_bits(b"caf\xe9", DEFAULT_MCS)
    result = decode_text(symbols, 1e-3, 4)
    assert (result.text, result.crc_ok, result.repaired) == ("caf\ufffd", True, True)


def test_lone_surrogates_become_question_marks():
    payload, _ = encode_text("a\ud800b")
    assert payload == b"a?b"
