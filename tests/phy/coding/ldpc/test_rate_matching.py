"""Rate matching: any length at any rate, and what is received several times counts as often."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_phy.coding.ldpc.nr import BG1, BG2
from gensc_phy.coding.ldpc.rate_matching import (
    RateMatchedCode,
    base_graph,
    longest_block,
    rate_matched,
)
from ldpc_reference import assert_same, decode_by_reference


def random_words(code, batch, seed=0):
    info = np.random.default_rng(seed).integers(0, 2, (batch, code.k), dtype=np.uint8)
    return info, code.encode(info)


def noisy_llr(words, snr_db, seed=1):
    """LLRs of antipodal symbols of unit energy in real noise of variance 10^(-snr/10) / 2."""
    variance = 0.5 * 10 ** (-snr_db / 10)
    noise = np.random.default_rng(seed).normal(size=words.shape) * math.sqrt(variance)
    return (2 * (1 - 2.0 * words + noise) / variance).astype(np.float32)


@st.composite
def codes(draw):
    # Very short blocks need some redundancy for the two columns that are never sent.
    k = draw(st.integers(32, 3000))
    e = draw(st.integers(math.ceil(k / 0.93) + 40, 6 * k + 60))
    return RateMatchedCode(k, e)


@settings(max_examples=60)
@given(codes(), st.integers(0, 2**32 - 1))
def test_what_is_sent_without_noise_comes_back(code, seed):
    info, words = random_words(code, 2, seed)
    assert words.shape == (2, code.e)
    result = code.decode(8 * (1 - 2.0 * words))
    assert result.ok.all()
    assert np.array_equal(result.bits, info)


@pytest.mark.parametrize(("k", "e"), [(40, 100), (300, 700), (1000, 1250), (2000, 9000)])
def test_the_compiled_decoder_is_the_reference_here_too(k, e):
    code = RateMatchedCode(k, e)
    _, words = random_words(code, 12)
    received = noisy_llr(words, 10 * math.log10(2 ** (2 * k / e) - 1) - 2.5)
    got = code.decode(received, max_iter=12)
    filled = code.fill(received)
    expected = decode_by_reference(code.code, filled, 12)
    assert np.array_equal(got.bits, expected.bits[:, :k])
    assert_same(code.code.decode(filled, 12), expected)


# Es/N0 per real dimension where one block in a hundred fails is known from the normal
# approximation; a good code is within 0.6 dB of it, a wrong table is not.
@pytest.mark.parametrize(
    ("k", "rate", "snr_db"),
    [
        (8448, 1 / 2, -2.0),
        (8448, 0.8, 2.1),
        (3840, 1 / 5, -6.9),
        (432, 1 / 2, -1.0),
        (64, 1 / 3, -2.1),
    ],
)
def test_waterfall_lies_where_it_should(k, rate, snr_db):
    code = RateMatchedCode(k, round(k / rate))
    info, words = random_words(code, 100)
    result = code.decode(noisy_llr(words, snr_db))
    wrong = (result.bits != info).any(axis=1)
    assert wrong.mean() <= 0.05


def test_bits_sent_twice_count_twice():
    once, twice = RateMatchedCode(100, 480), RateMatchedCode(100, 960)
    info, words = random_words(twice, 30)
    assert np.array_equal(words[:, :480], once.encode(info))
    received = noisy_llr(words, -8.0)
    assert once.decode(received[:, :480]).ok.mean() < 0.3
    assert (twice.decode(received).bits == info).all(axis=1).mean() > 0.9


def test_the_ring_begins_behind_the_punctured_columns_and_leaves_out_the_filler():
    # BG2, 40 bits: lifting size 7, 70 information bits of which 30 are filler.
    code = RateMatchedCode(40, 200, BG2)
    z = 7
    info, words = random_words(code, 1)
    whole = code.code.encode(np.pad(info, ((0, 0), (0, 30))))[0]
    assert np.array_equal(words[0], np.concatenate([whole[2 * z : 40], whole[70 : 70 + 174]]))


def test_no_more_rows_are_decoded_than_are_sent():
    assert RateMatchedCode(8448, 9504).code.rows < 8
    assert RateMatchedCode(8448, 25344).code.rows == 46


@pytest.mark.parametrize(
    ("bits", "rate", "graph"),
    [(292, 0.9, BG2), (293, 0.68, BG1), (3824, 0.67, BG2), (3825, 0.5, BG1), (3840, 0.25, BG2)],
)
def test_graphs_are_chosen_as_in_the_standard(bits, rate, graph):
    assert base_graph(bits, rate) is graph


@given(st.floats(0.1, 0.95))
def test_the_longest_block_has_a_graph(rate):
    longest = longest_block(rate)
    assert base_graph(longest, rate).max_information_bits >= longest


def test_erasures_alone_are_no_codeword():
    assert not RateMatchedCode(100, 300).decode(np.zeros((2, 300))).ok.any()


def test_impossible_sizes_are_refused_by_name():
    with pytest.raises(ValueError, match="101 information bits in 100"):
        RateMatchedCode(101, 100)
    with pytest.raises(ValueError, match="0 information bits"):
        RateMatchedCode(0, 100)
    with pytest.raises(ValueError, match="base graph"):
        RateMatchedCode(9000, 18000)
    code = RateMatchedCode(10, 30)
    with pytest.raises(ValueError, match="shape"):
        code.encode(np.zeros((1, 11)))
    with pytest.raises(ValueError, match="shape"):
        code.decode(np.zeros((1, 31)))


def test_codes_are_cached():
    assert rate_matched(100, 200) is rate_matched(100, 200)
