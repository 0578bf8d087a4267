"""Bit sections: what goes in comes out, damage is told, and the symbol count is predictable."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_phy.coding.bits import capacity_bytes, decode_bits, encode_bits, symbols_for
from gensc_phy.coding.mcs import MCS_TABLE

SCHEMES = pytest.mark.parametrize("mcs", MCS_TABLE, ids=lambda mcs: mcs.name)
ANY_SCHEME = st.sampled_from(MCS_TABLE)
HALF_RATE = [mcs for mcs in MCS_TABLE if mcs.code_rate == "1/2"]


def random_bytes(n, seed=0):
    return np.random.default_rng(seed).bytes(n)


def add_noise(symbols, snr_db, seed=0):
    noise = np.random.default_rng(seed).normal(size=(symbols.size, 2)) @ (1, 1j)
    return symbols + noise * np.sqrt(0.5 * 10 ** (-snr_db / 10))


@settings(deadline=None)
@given(payload=st.binary(max_size=700), mcs=ANY_SCHEME)
def test_any_payload_survives_any_scheme_without_noise(payload, mcs):
    symbols = encode_bits(payload, mcs)
    assert symbols.dtype == np.complex64
    assert symbols.shape == (symbols_for(len(payload), mcs),)
    result = decode_bits(symbols, 1e-3, len(payload), mcs)
    assert result.payload == payload
    assert result.crc_ok
    assert result.codewords_ok == result.codewords >= 1


@SCHEMES
def test_payload_survives_noise_just_above_the_threshold(mcs):
    payload = random_bytes(1500)
    snr_db = mcs.threshold_db + 1
    result = decode_bits(
        add_noise(encode_bits(payload, mcs), snr_db), 10 ** (-snr_db / 10), 1500, mcs
    )
    assert result.crc_ok
    assert result.payload == payload


@SCHEMES
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


@SCHEMES
def test_nothing_received_does_not_pass(mcs):
    n = symbols_for(100, mcs)
    result = decode_bits(np.zeros(n), np.full(n, np.inf), 100, mcs)
    assert not result.crc_ok
    assert result.codewords_ok == 0


@SCHEMES
def test_empty_payload_is_one_short_codeword(mcs):
    symbols = encode_bits(b"", mcs)
    assert symbols.size <= 400 / mcs.bits_per_symbol * mcs.repetition
    result = decode_bits(symbols, 0.01, 0, mcs)
    assert (result.payload, result.crc_ok, result.codewords) == (b"", True, 1)


@SCHEMES
def test_monotonous_payloads_look_like_noise_on_the_air(mcs):
    symbols = encode_bits(bytes(4000), mcs)
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
def test_short_payloads_are_not_padded_to_the_longest_codeword(mcs):
    parity = 648 * (mcs.bits_per_symbol * mcs.repetition / mcs.efficiency - 1)
    longest = (8 * 24 + parity + mcs.bits_per_symbol) / mcs.bits_per_symbol * mcs.repetition
    assert symbols_for(20, mcs) <= longest


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
    mcs = MCS_TABLE[1]
    symbols = add_noise(encode_bits(b"scalar", mcs), 6)
    each = decode_bits(symbols, np.full(symbols.size, 0.25), 6, mcs)
    assert decode_bits(symbols, 0.25, 6, mcs) == each


def test_air_format_is_fixed():
    # Transmitter and receiver may run different versions: a change here breaks links.
    symbols = encode_bits(b"gr-gensc", MCS_TABLE[1])
    signs = np.concatenate([symbols.real[:32] < 0, symbols.imag[:32] < 0])
    assert np.packbits(signs).tobytes().hex() == "f16df186c5ff40ec"


def test_wrong_number_of_symbols_is_refused():
    mcs = MCS_TABLE[2]
    with pytest.raises(ValueError, match="symbols"):
        decode_bits(np.zeros(7), 1.0, 100, mcs)
    with pytest.raises(ValueError, match="negative"):
        symbols_for(-1, mcs)
