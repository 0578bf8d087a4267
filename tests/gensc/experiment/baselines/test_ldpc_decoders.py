"""Decoders of other people on our codes: independent witnesses that ours is right."""

from importlib.util import find_spec

import numpy as np
import pytest

from gensc.experiment.baselines.ldpc_decoders import decoders
from gensc_phy.coding import ldpc
from gensc_phy.coding.ldpc.rate_matching import RateMatchedCode

# Newer pips cannot build pyldpc.
OTHERS = ["commpy", *(["pyldpc"] if find_spec("pyldpc") else [])]
NAMES = ["gr-gensc", "gr-gensc in NumPy", "GNU Radio fec", *OTHERS]
SNR_DB = 1.0


def received(n, words, seed=3):
    """LLRs of the all-zero word at `SNR_DB`."""
    variance = 0.5 * 10 ** (-SNR_DB / 10)
    noise = np.random.default_rng(seed).normal(size=(words, n)) * np.sqrt(variance)
    return (2 * (1 + noise) / variance).astype(np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_every_decoder_corrects_what_the_channel_did(name):
    code = ldpc.code(648, "1/2")
    (decoder,) = (d for d in decoders(code, SNR_DB, 30, 4, 4) if d.name == name)
    llr = received(code.n, 4)
    assert (llr < 0).any(axis=1).all()
    assert not decoder.decode(llr).any()


@pytest.mark.parametrize("name", OTHERS)
def test_5g_codes_decode_alike_elsewhere(name):
    # The punctured columns and the filler reach the other decoder as what they are.
    code = RateMatchedCode(100, 300)
    rng = np.random.default_rng(1)
    words = code.encode(rng.integers(0, 2, (3, 100), dtype=np.uint8))
    variance = 0.5 * 10**-0.1
    noise = rng.normal(size=words.shape) * np.sqrt(variance)
    llr = code.fill((2 * (1 - 2.0 * words + noise) / variance).astype(np.float32))
    llr[llr == 0] = 1e-5  # commpy divides by it
    (decoder,) = (d for d in decoders(code.code, 1.0, 50, 3, 3) if d.name == name)
    ours = code.code.decode(llr)
    assert ours.ok.all()
    assert np.array_equal(decoder.decode(llr)[:, : code.code.k], ours.bits)
