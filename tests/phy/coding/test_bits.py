"""Bit sections: what goes in comes out, damage is told, and the symbol count is predictable."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_phy.coding.bits import (
    capacity_bytes,
    decode_bits,
    decode_payloads,
    encode_bits,
    encode_payloads,
    symbols_for,
)
from gensc_phy.coding.mcs import MCS_TABLE, nearest_mcs

SCHEMES = pytest.mark.parametrize("mcs", MCS_TABLE, ids=lambda mcs: mcs.name)
ANY_SCHEME = st.sampled_from(MCS_TABLE)
HALF_RATE = [nearest_mcs(2, 0.5), nearest_mcs(4, 0.5)]
QPSK_HALF = HALF_RATE[0]
# A few of all constellations, where each one takes a moment.
SOME_SCHEMES = pytest.mark.parametrize("mcs", MCS_TABLE[::6], ids=lambda mcs: mcs.name)


def random_bytes(n, seed=0):
    return np.random.default_rng(seed).bytes(n)


def add_noise(symbols, snr_db, seed=0):
    noise = np.random.default_rng(seed).normal(size=(symbols.size, 2)) @ (1, 1j)
    return symbols + noise * np.sqrt(0.5 * 10 ** (-snr_db / 10))


@settings(deadline=None)
@given(payload=st.binary(max_size=2500), mcs=ANY_SCHEME)
def test_any_payload_survives_any_scheme_without_noise(payload, mcs):
    symbols = encode_bits(payload, mcs)
    assert symbols.dtype == np.complex64
    assert symbols.shape == (symbols_for(len(payload), mcs),)
    result = decode_bits(symbols, 1e-3, len(payload), mcs)
    assert result.payload == payload
    assert result.crc_ok
    assert result.codewords_ok == result.codewords >= 1


@SOME_SCHEMES
@pytest.mark.parametrize("n_bytes", [8, 50, 300, 1500])
def test_payload_of_any_length_survives_noise_just_above_the_threshold(mcs, n_bytes):
    payload = random_bytes(n_bytes)
    snr_db = mcs.threshold_db + 0.7
    result = decode_bits(
        add_noise(encode_bits(payload, mcs), snr_db), 10 ** (-snr_db / 10), n_bytes, mcs
    )
    assert result.crc_ok
    assert result.payload == payload


@SOME_SCHEMES
def test_noise_far_below_the_threshold_is_told(mcs):
    snr_db = mcs.threshold_db - 6
    symbols = add_noise(encode_bits(random_bytes(300), mcs), snr_db)
    result = decode_bits(symbols, 10 ** (-snr_db / 10), 300, mcs)
    assert not result.crc_ok
    assert len(result.payload) == 300


@pytest.mark.parametrize("mcs", HALF_RATE, ids=lambda mcs: mcs.name)
@pytest.mark.parametrize("n_bytes", [20, 200, 3000])
@pytest.mark.parametrize("pattern", ["scattered", "burst"])
def test_a_tenth_of_the_symbols_may_be_lost_at_rate_one_half(mcs, n_bytes, pattern):
    payload = random_bytes(n_bytes)
    symbols = encode_bits(payload, mcs)
    lost = np.zeros(symbols.size, dtype=bool)
    if pattern == "burst":
        lost[symbols.size // 3 :][: symbols.size // 10] = True
    else:
        lost[np.random.default_rng(1).permutation(symbols.size)[: symbols.size // 10]] = True
    noise_var = np.where(lost, np.inf, 0.01).astype(np.float32)
    result = decode_bits(np.where(lost, 0, symbols), noise_var, n_bytes, mcs)
    assert result.crc_ok
    assert result.payload == payload


@settings(deadline=None, max_examples=30)
@given(mcs=ANY_SCHEME, n_bytes=st.integers(0, 300), seed=st.integers(0, 2**32 - 1))
def test_random_junk_never_raises_and_never_passes(mcs, n_bytes, seed):
    rng = np.random.default_rng(seed)
    n = symbols_for(n_bytes, mcs)
    symbols = (rng.normal(size=(n, 2)) @ (1, 1j)) * 10 ** rng.uniform(-3, 3)
    symbols[rng.random(n) < 0.1] = np.nan
    noise_var = rng.choice([0, 1e-6, 0.1, 10, np.inf, np.nan], size=n)
    result = decode_bits(symbols, noise_var, n_bytes, mcs)
    assert not result.crc_ok
    assert len(result.payload) == n_bytes


@SOME_SCHEMES
def test_nothing_received_does_not_pass(mcs):
    n = symbols_for(100, mcs)
    result = decode_bits(np.zeros(n), np.full(n, np.inf), 100, mcs)
    assert not result.crc_ok
    assert result.codewords_ok == 0


@SCHEMES
def test_empty_payload_is_one_short_codeword(mcs):
    symbols = encode_bits(b"", mcs)
    assert symbols.size <= 32 / mcs.efficiency * 3 + 1
    result = decode_bits(symbols, 0.01, 0, mcs)
    assert (result.payload, result.crc_ok, result.codewords) == (b"", True, 1)


@SCHEMES
def test_monotonous_payloads_look_like_noise_on_the_air(mcs):
    symbols = encode_bits(bytes(20000), mcs)
    assert np.mean(np.abs(symbols) ** 2) == pytest.approx(1, abs=0.05)
    assert abs(symbols.mean()) < 0.05
    # Every point of the constellation is used, about equally often.
    _, counts = np.unique(symbols, return_counts=True)
    assert len(counts) == 1 << mcs.bits_per_symbol
    assert counts.max() < 4 * counts.mean()


@SCHEMES
def test_long_payloads_reach_the_efficiency_of_the_scheme(mcs):
    n_bytes = 20000
    assert n_bytes * 8 / symbols_for(n_bytes, mcs) > 0.97 * mcs.efficiency


@SCHEMES
def test_a_caption_costs_little_more_than_its_share_of_a_long_payload(mcs):
    assert symbols_for(50, mcs) <= 1.35 * 8 * 54 / mcs.efficiency


@SCHEMES
def test_longer_payloads_never_need_fewer_symbols(mcs):
    lengths = [*range(0, 80), *range(460, 500), *range(1040, 1070), *range(2090, 2120)]
    needed = [symbols_for(n, mcs) for n in lengths]
    assert needed == sorted(needed)


def test_blocks_are_as_long_as_they_can_be():
    assert decode_bits(encode_bits(bytes(1052), QPSK_HALF), 0.01, 1052, QPSK_HALF).codewords == 1
    assert decode_bits(encode_bits(bytes(1053), QPSK_HALF), 0.01, 1053, QPSK_HALF).codewords == 2


def test_a_lost_block_is_told_by_its_bytes_and_costs_no_other():
    payload = random_bytes(3000)
    symbols = encode_bits(payload, QPSK_HALF)
    noise_var = np.full(symbols.size, 0.01)
    noise_var[1::3] = np.inf  # three blocks take turns
    result = decode_bits(symbols, noise_var, 3000, QPSK_HALF)
    assert (result.crc_ok, result.codewords_ok, result.codewords) == (False, 2, 3)
    assert np.array_equal(np.flatnonzero(~result.intact), np.arange(1000, 2000))
    assert result.payload[:1000] + result.payload[2000:] == payload[:1000] + payload[2000:]


@settings(deadline=None)
@given(mcs=ANY_SCHEME, n_symbols=st.integers(0, 20000))
def test_capacity_is_the_largest_payload_that_fits(mcs, n_symbols):
    n_bytes = capacity_bytes(n_symbols, mcs)
    if n_bytes < 0:
        assert symbols_for(0, mcs) > n_symbols
    else:
        assert symbols_for(n_bytes, mcs) <= n_symbols
    for longer in range(n_bytes + 1, n_bytes + 200):
        assert symbols_for(longer, mcs) > n_symbols


def test_a_scalar_noise_variance_means_all_symbols():
    mcs = QPSK_HALF
    symbols = add_noise(encode_bits(b"scalar", mcs), 6)
    each = decode_bits(symbols, np.full(symbols.size, 0.25), 6, mcs)
    assert decode_bits(symbols, 0.25, 6, mcs) == each


def test_air_format_is_fixed():
    # Transmitter and receiver may run different versions: a change here breaks links.
    symbols = encode_bits(b"gr-gensc", QPSK_HALF)
    signs = np.concatenate([symbols.real[:32] < 0, symbols.imag[:32] < 0])
    assert np.packbits(signs).tobytes().hex() == "02d1b35515a2bd0c"


def test_wrong_number_of_symbols_is_refused():
    mcs = MCS_TABLE[2]
    with pytest.raises(ValueError, match="symbols"):
        decode_bits(np.zeros(7), 1.0, 100, mcs)
    with pytest.raises(ValueError, match="negative"):
        symbols_for(-1, mcs)


@pytest.mark.parametrize("mcs", MCS_TABLE[2:40:8], ids=lambda mcs: mcs.name)
def test_every_payload_of_a_batch_fares_as_it_would_alone(mcs):
    n_bytes = capacity_bytes(700, mcs)
    payloads = [random_bytes(n_bytes, seed) for seed in range(20)]
    sent = encode_payloads(payloads, mcs)
    assert np.array_equal(sent, np.stack([encode_bits(p, mcs) for p in payloads]))
    snr_db = mcs.threshold_db - 0.3
    received, variance = add_noise(sent.ravel(), snr_db).reshape(sent.shape), 10 ** (-snr_db / 10)
    alone = [decode_bits(row, variance, n_bytes, mcs) for row in received]
    together = decode_payloads(received, variance, n_bytes, mcs)
    assert together == [result.payload if result.crc_ok else None for result in alone]


def test_each_payload_of_a_batch_has_its_own_noise():
    sent = encode_payloads([b"first", b"other"], QPSK_HALF)
    erased_second = np.array([[0.01], [np.inf]])
    assert decode_payloads(sent, erased_second, 5, QPSK_HALF) == [b"first", None]


def test_batches_of_several_lengths_are_refused():
    with pytest.raises(ValueError, match="one length"):
        encode_payloads([b"a", b"bc"], QPSK_HALF)
    with pytest.raises(ValueError, match="one length"):
        encode_payloads([], QPSK_HALF)
    with pytest.raises(ValueError, match="symbols"):
        decode_payloads(np.zeros((2, 7), complex), 1.0, 5, QPSK_HALF)
