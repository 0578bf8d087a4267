"""Many bit sections at once are the same as one after the other."""

import numpy as np
import pytest

from gensc_phy.coding.bits import capacity_bytes, decode_bits, encode_bits
from gensc_phy.coding.bits_batch import decode_payloads, encode_payloads
from gensc_phy.coding.mcs import MCS_TABLE


def noisy(symbols, snr_db):
    noise = np.random.default_rng(3).normal(size=(*symbols.shape, 2)) @ (1, 1j)
    return symbols + noise * np.sqrt(0.5 * 10 ** (-snr_db / 10))


@pytest.mark.parametrize("mcs", MCS_TABLE[:7], ids=lambda mcs: mcs.name)
def test_every_payload_fares_as_it_would_alone(mcs):
    n_bytes = capacity_bytes(700, mcs)
    rng = np.random.default_rng(1)
    payloads = [rng.bytes(n_bytes) for _ in range(6)]
    sent = encode_payloads(payloads, mcs)
    assert np.array_equal(sent, np.stack([encode_bits(p, mcs) for p in payloads]))
    snr_db = mcs.threshold_db - 0.3
    received, variance = noisy(sent, snr_db), 10 ** (-snr_db / 10)
    alone = [decode_bits(row, variance, n_bytes, mcs) for row in received]
    together = decode_payloads(received, variance, n_bytes, mcs)
    assert together == [r.payload if r.crc_ok else None for r in alone]


def test_each_payload_has_noise_variances_of_its_own():
    mcs = MCS_TABLE[1]
    sent = encode_payloads([b"first", b"other"], mcs)
    erased_second = np.array([[1e-3], [np.inf]])
    assert decode_payloads(sent, erased_second, 5, mcs) == [b"first", None]


def test_lengths_that_do_not_match_are_refused():
    mcs = MCS_TABLE[1]
    with pytest.raises(ValueError, match=r"one length, got \[1, 2\]"):
        encode_payloads([b"a", b"bc"], mcs)
    with pytest.raises(ValueError, match="5 bytes with QPSK 1/2 are"):
        decode_payloads(np.zeros((2, 7), complex), 1.0, 5, mcs)
