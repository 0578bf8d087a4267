"""The words among the symbols."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_models.codecs.adaptive.digital import join, places, scheme, separate
from gensc_models.codecs.adaptive.section import Fields, SectionError
from gensc_phy.coding.mcs import MCS_TABLE, choose_mcs

WORDS = bytes(range(200)) * 2


def stream(mcs=MCS_TABLE[30], analog: int = 500):
    rng = np.random.default_rng(3)
    symbols = (rng.standard_normal((analog, 2)) @ [1, 1j] / np.sqrt(2)).astype(np.complex64)
    sent, factor = join(WORDS, mcs, symbols)
    return Fields(5, True, mcs, len(WORDS)), symbols, sent, factor


@given(st.integers(0, 500), st.integers(0, 500))
def test_words_are_spread_evenly(coded: int, analog: int) -> None:
    total = coded + analog
    where = places(coded, total)
    assert len(where) == total
    assert where.sum() == coded
    so_far = np.cumsum(where)
    assert np.abs(so_far - np.arange(1, total + 1) * coded / max(total, 1)).max(initial=0) < 1.0


def test_words_and_analog_symbols_come_back_through_noise() -> None:
    fields, analog, sent, factor = stream()
    assert np.mean(np.abs(sent) ** 2) == pytest.approx(1.0, rel=1e-5)
    snr_db = fields.mcs.threshold_db + 2.0
    variance = np.full(len(sent), 10 ** (-snr_db / 10), np.float32)
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((len(sent), 2)) @ [1, 1j] * np.sqrt(variance / 2)
    words, heard, left = separate(fields, (sent + noise).astype(np.complex64), variance)
    assert words == WORDS
    assert len(heard) == len(left) == len(analog)
    error = np.mean(np.abs(heard / factor - analog) ** 2)
    assert error == pytest.approx(variance[0] / factor**2, rel=0.2)


def test_erasures_are_no_symbols() -> None:
    fields, _, sent, _ = stream(MCS_TABLE[8])
    variance = np.full(len(sent), 1e-3, np.float32)
    sent[::7], variance[3::9] = np.nan, np.inf
    assert separate(fields, sent, variance)[0] == WORDS


def test_damaged_words_are_told_with_their_blocks() -> None:
    fields, _, sent, _ = stream()
    with pytest.raises(SectionError, match="1 of 1 blocks are damaged"):
        separate(fields, sent[::-1], np.full(len(sent), 0.1, np.float32))
    with pytest.raises(SectionError, match=r"words of [0-9]+ symbols in 10"):
        separate(fields, sent[:10], np.full(10, 0.1, np.float32))


def test_the_less_is_known_of_the_snr_the_more_is_left_to_spare() -> None:
    thresholds = [scheme(12.0, spread).threshold_db for spread in (0.0, 2.0, 4.0, None)]
    assert thresholds == sorted(thresholds, reverse=True)
    assert 12.0 - thresholds[0] < 1.5
    assert 12.0 - thresholds[-1] > 6.0
    assert scheme(-30.0, None) == choose_mcs(-30.0) == MCS_TABLE[0]
