"""IEEE 802.11n codes: those of the standard, and the decoder is correct, strong and never NaN."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gensc_phy.coding import ldpc
from gensc_phy.coding.ldpc.ieee80211n_tables import INFORMATION_COLUMNS, base_matrix

ALL_CODES = pytest.mark.parametrize(("n", "rate"), sorted(INFORMATION_COLUMNS))
CODE_NAMES = st.sampled_from(sorted(INFORMATION_COLUMNS))

# Non-zero blocks of each base matrix, counted in the tables of the standard.
EDGES = {
    (648, "1/2"): 88,
    (648, "2/3"): 88,
    (648, "3/4"): 88,
    (648, "5/6"): 88,
    (1296, "1/2"): 86,
    (1296, "2/3"): 88,
    (1296, "3/4"): 88,
    (1296, "5/6"): 85,
    (1944, "1/2"): 86,
    (1944, "2/3"): 88,
    (1944, "3/4"): 85,
    (1944, "5/6"): 79,
}


def random_words(code, batch, seed=0):
    info = np.random.default_rng(seed).integers(0, 2, (batch, code.k), dtype=np.uint8)
    return info, code.encode(info)


def bpsk_llr(words, snr_db, seed=1):
    """LLRs of codewords on a real AWGN channel with E/N0 = snr_db (so sigma^2 = N0/2)."""
    sigma2 = 0.5 * 10 ** (-snr_db / 10)
    noise = np.random.default_rng(seed).normal(size=words.shape) * np.sqrt(sigma2)
    return (2 * (1 - 2.0 * words + noise) / sigma2).astype(np.float32)


def parity_check_matrix(base, z):
    """H from its definition: block i is the identity with its columns shifted right by i."""
    blocks = [
        [np.roll(np.eye(z, dtype=int), s, axis=1) if s >= 0 else np.zeros((z, z), int) for s in row]
        for row in base
    ]
    return np.block(blocks)


@ALL_CODES
def test_base_matrix_has_the_shape_of_the_standard(n, rate):
    base = base_matrix(n, rate)
    numerator, denominator = map(int, rate.split("/"))
    assert base.shape == (24 * (denominator - numerator) // denominator, 24)
    assert base.min() == -1
    assert base.max() < n // 24
    assert np.count_nonzero(base >= 0) == EDGES[n, rate]


@ALL_CODES
def test_parity_part_is_dual_diagonal(n, rate):
    base = base_matrix(n, rate)
    rows = len(base)
    first, rest = base[:, 24 - rows], base[:, 25 - rows :]
    assert {r: s for r, s in enumerate(first) if s >= 0} == {0: 1, rows // 2: 0, rows - 1: 1}
    for column in range(rows - 1):
        assert list(np.flatnonzero(rest[:, column] >= 0)) == [column, column + 1]
        assert list(rest[column : column + 2, column]) == [0, 0]


@ALL_CODES
def test_short_cycles_are_those_of_the_standard(n, rate):
    # Three of the standard's tables do have a few: counted here so that a typing error shows.
    known = {(648, "3/4"): 2, (1296, "2/3"): 2, (1944, "2/3"): 1}
    base, z = base_matrix(n, rate).astype(int), n // 24
    repeats = 0
    for upper in range(len(base)):
        for lower in range(upper):
            both = (base[upper] >= 0) & (base[lower] >= 0)
            difference = (base[upper] - base[lower])[both] % z
            repeats += len(difference) - len(np.unique(difference))
    assert repeats == known.get((n, rate), 0)


def test_tables_are_the_ones_that_were_compared_with_two_other_transcriptions():
    text = repr(sorted(INFORMATION_COLUMNS.items()))
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert digest == "ff6533d09d5e00337671d30b97ebb6064fbb43858c51d1d51e21bf0cf7beae7c"


@ALL_CODES
def test_encoder_is_systematic_and_satisfies_every_check(n, rate):
    code = ldpc.code(n, rate)
    info, words = random_words(code, 7)
    assert words.dtype == np.uint8
    assert np.array_equal(words[:, : code.k], info)
    h = parity_check_matrix(base_matrix(n, rate), code.z)
    assert np.array_equal(h, code.parity_check_matrix())
    assert not ((h @ words.T) % 2).any()
    assert code.is_codeword(words).all()


@settings(deadline=None)
@given(name=CODE_NAMES, seed=st.integers(0, 2**32 - 1), data=st.data())
def test_any_single_bit_error_is_seen_and_corrected(name, seed, data):
    code = ldpc.code(*name)
    info, words = random_words(code, 1, seed)
    words[0, data.draw(st.integers(0, code.n - 1))] ^= 1
    assert not code.is_codeword(words)[0]
    result = code.decode(4 * (1 - 2.0 * words))
    assert result.ok[0]
    assert result.iterations[0] > 0
    assert np.array_equal(result.bits, info)


@ALL_CODES
def test_clean_words_take_no_iteration(n, rate):
    code = ldpc.code(n, rate)
    info, words = random_words(code, 70)
    result = code.decode(8 * (1 - 2.0 * words))
    assert result.ok.all()
    assert not result.iterations.any()
    assert np.array_equal(result.bits, info)


# Eb/N0 in dB at which at most a few of 200 words may fail; about 0.35 dB right of BLER 1e-2.
@pytest.mark.parametrize(
    ("n", "rate", "ebn0_db"),
    [
        (648, "1/2", 2.2),
        (1296, "1/2", 1.9),
        (1944, "1/2", 1.8),
        (1944, "2/3", 2.6),
        (1944, "3/4", 3.0),
        (1944, "5/6", 3.8),
    ],
)
def test_waterfall_lies_where_it_should(n, rate, ebn0_db):
    code = ldpc.code(n, rate)
    info, words = random_words(code, 200)
    snr_db = ebn0_db + 10 * np.log10(code.k / code.n)
    result = code.decode(bpsk_llr(words, snr_db))
    wrong = (result.bits != info).any(axis=1)
    assert wrong.mean() <= 0.02
    assert not (wrong & result.ok).any()


def test_decoding_beats_hard_decisions_by_far():
    code = ldpc.code(1944, "1/2")
    info, words = random_words(code, 64)
    llr = bpsk_llr(words, 2.0 - 3.01)
    assert ((llr < 0) != words).mean() > 0.08
    assert np.array_equal(code.decode(llr).bits, info)


def test_a_words_result_does_not_depend_on_its_neighbours():
    code = ldpc.code(648, "1/2")
    _, words = random_words(code, 150)
    llr = bpsk_llr(words, -1.6)
    together = code.decode(llr, max_iter=20)
    assert 0 < together.ok.sum() < 150
    for i in range(0, 150, 17):
        alone = code.decode(llr[i : i + 1], max_iter=20)
        assert np.array_equal(alone.bits[0], together.bits[i])
        assert (alone.ok[0], alone.iterations[0]) == (together.ok[i], together.iterations[i])


def test_decoder_agrees_with_sum_product_on_erasures():
    # On the erasure channel min-sum is exact: peeling finds the same bits.
    code = ldpc.code(648, "2/3")
    info, words = random_words(code, 20)
    llr = 4 * (1 - 2.0 * words)
    llr[np.random.default_rng(5).random(llr.shape) < 0.2] = 0
    result = code.decode(llr)
    assert result.ok.all()
    assert np.array_equal(result.bits, info)


def test_nothing_received_is_not_a_codeword():
    # The all-zero word satisfies every check; zeros that mean "unknown" must not count as one.
    code = ldpc.code(1944, "1/2")
    result = code.decode(np.zeros((3, code.n)))
    assert not result.ok.any()


@settings(max_examples=25, deadline=None)
@given(
    llr=arrays(
        np.float32,
        (3, 648),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
        fill=st.sampled_from([np.float32(x) for x in (0, 1, -1, np.nan, np.inf, -np.inf, 1e38)]),
    )
)
def test_any_input_gives_bits(llr):
    result = ldpc.code(648, "1/2").decode(llr, max_iter=5)
    assert result.bits.shape == (3, 324)
    assert set(np.unique(result.bits)) <= {0, 1}
    assert np.all(result.iterations <= 5)


def test_nan_and_infinity_are_erasure_and_certainty():
    code = ldpc.code(648, "1/2")
    info, words = random_words(code, 4)
    llr = np.where(words == 1, -np.inf, np.inf).astype(np.float32)
    llr[:, 10:60] = np.nan
    result = code.decode(llr)
    assert result.ok.all()
    assert np.array_equal(result.bits, info)


def test_input_is_left_alone():
    llr = np.full((1, 648), np.nan, dtype=np.float32)
    ldpc.code(648, "1/2").decode(llr, max_iter=2)
    assert np.isnan(llr).all()


def test_empty_batch_and_zero_iterations():
    code = ldpc.code(648, "5/6")
    assert code.encode(np.zeros((0, code.k))).shape == (0, 648)
    assert code.decode(np.zeros((0, 648))).bits.shape == (0, code.k)
    _, words = random_words(code, 2)
    words[1, 0] ^= 1
    result = code.decode(1 - 2.0 * words, max_iter=0)
    assert list(result.ok) == [True, False]


def test_unknown_codes_and_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="LDPC code"):
        ldpc.code(1000, "1/2")
    code = ldpc.code(648, "1/2")
    with pytest.raises(ValueError, match="shape"):
        code.encode(np.zeros((2, 300)))
    with pytest.raises(ValueError, match="shape"):
        code.decode(np.zeros(648))
    with pytest.raises(ValueError, match="max_iter"):
        code.decode(np.zeros((1, 648)), max_iter=-1)
    with pytest.raises(ValueError, match="shape"):
        code.is_codeword(np.zeros((1, 10)))


def test_codes_are_cached():
    assert ldpc.code(1944, "3/4") is ldpc.code(1944, "3/4")
