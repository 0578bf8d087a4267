"""LDPC words decoded by NumPy, to compare the compiled decoder with."""

import numpy as np

from gensc_phy.coding.ldpc import DecodeResult, reference


def decode_by_reference(code, llr, max_iter):
    """What `code.decode` has to find."""
    batch = len(llr)
    bits = np.empty((batch, code.k), dtype=np.uint8)
    ok, iterations = np.zeros(batch, dtype=bool), np.zeros(batch, dtype=np.int32)
    reference.decode(llr, code.layers, code.z, max_iter, bits, ok, iterations)
    return DecodeResult(bits, ok, iterations)


def assert_same(got, expected):
    """Bit for bit."""
    assert np.array_equal(got.bits, expected.bits)
    assert np.array_equal(got.ok, expected.ok)
    assert np.array_equal(got.iterations, expected.iterations)
