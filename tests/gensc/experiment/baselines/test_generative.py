"""Text, bits and latents of the generative baselines over a channel, in the symbols granted."""

import numpy as np
import pytest

from gensc.experiment.baselines.generative import budget, carry
from gensc_models.baselines import Transmission
from gensc_phy.coding.mcs import ROBUST_MCS

CAPTION = "A red boat on a calm lake. Trees behind it."
BITS = bytes(range(40))


def sent(**parts):
    rng = np.random.default_rng(1)
    analog = (rng.standard_normal((500, 2)) @ [1, 1j] / np.sqrt(2)).astype(np.complex64)
    return Transmission(32, 48, **{"text": CAPTION, "bits": BITS, "symbols": analog, **parts})


def awgn(snr_db, seed=0):
    def channel(symbols):
        channel.used = len(symbols)
        rng = np.random.default_rng(seed)
        sigma = np.sqrt(10 ** (-snr_db / 10) / 2)
        noise = sigma * (rng.standard_normal((len(symbols), 2)) @ [1, 1j])
        return symbols + noise.astype(np.complex64), np.full(len(symbols), 2 * sigma**2, np.float32)

    return channel


@pytest.mark.parametrize("snr_db", [2.0, 8.0, 15.0])
def test_all_sections_arrive_in_the_symbols_that_they_are_said_to_cost(snr_db):
    whole, channel = sent(), awgn(snr_db)
    got = carry(whole, snr_db, channel, ROBUST_MCS)
    assert (got.text, got.bits, got.height, got.width) == (CAPTION, BITS, 32, 48)
    assert channel.used == whole.cost(budget(10_000, snr_db, ROBUST_MCS))
    error = np.mean(np.abs(got.symbols - whole.symbols) ** 2)
    assert error == pytest.approx(10 ** (-snr_db / 10), rel=0.15)
    assert got.noise_var == pytest.approx(10 ** (-snr_db / 10))


@pytest.mark.parametrize("missing", ["text", "bits", "symbols"])
def test_a_section_that_is_not_sent_costs_nothing_and_is_not_received(missing):
    without = sent(**{missing: {"text": "", "bits": b"", "symbols": np.zeros(0)}[missing]})
    channel = awgn(20.0)
    got = carry(without, 20.0, channel)
    assert channel.used == without.cost(budget(10_000, 20.0))
    assert len(getattr(got, missing)) == 0
    others = {"text", "bits", "symbols"} - {missing}
    assert all(len(getattr(got, other)) for other in others)


def test_what_is_damaged_is_not_handed_on():
    got = carry(sent(), 20.0, awgn(-15.0))
    assert (got.text, got.bits) == ("", b"")


def test_bits_survive_the_loss_of_either_copy():
    whole = sent()
    copy = budget(0, 2.0).bits_cost(BITS) // 2
    for end in (slice(None, copy), slice(-copy, None)):

        def erasing(symbols, end=end):
            received, noise_var = awgn(10.0)(symbols)
            noise_var[end] = np.inf
            return received, noise_var

        assert carry(whole, 2.0, erasing, ROBUST_MCS).bits == BITS
