"""The bank's stream as symbols: as many as there are, whole at the SNR it was made for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.codecs.auto.bits import SIDE_BYTES, BankBits
from gensc_models.codecs.codec import Received, counted_symbols, symbols_for
from gensc_models.codecs.simulated import receive
from gensc_models.metrics.fidelity import psnr
from gensc_phy.coding.bits import symbols_for as coded_symbols
from gensc_phy.coding.mcs import MCS_TABLE
from small_hyperprior import photo, small_codec

BANK = small_codec()


def outcome(codec, heard):
    """The image, or why there is none."""
    try:
        return codec.decode_image(heard)
    except ValueError as error:
        return str(error)


def code() -> BankBits:
    return BankBits(BANK)


@pytest.mark.parametrize(("height", "width"), [(64, 96), (50, 77)])
def test_all_symbols_of_the_rate_are_used_at_power_one(height, width):
    image = photo(height, width)
    sent = code().encode_image(image, 128, 10.0, spread_db=0.0)
    assert len(sent.symbols) + sent.side_symbols == symbols_for(height, width, 128)
    assert sent.side_symbols == counted_symbols(SIDE_BYTES, 10.0)
    assert np.mean(np.abs(sent.symbols) ** 2) == pytest.approx(1.0, rel=0.05)
    heard = sent.received(sent.symbols, np.full(len(sent.symbols), 1e-3, np.float32))
    assert code().stream_lengths(heard) == (len(sent.symbols),)


def test_at_its_own_snr_the_stream_arrives_and_more_of_it_makes_a_better_picture():
    image, found = photo(64, 96), []
    for snr_db in (4.0, 20.0):
        sent = code().encode_image(image, 128, snr_db, spread_db=0.0)
        found.append(psnr(image, receive(code(), sent, "awgn", snr_db, 1)))
    assert found[0] < found[1]


def test_a_spread_asks_for_a_slower_scheme():
    image = photo(64, 96)
    schemes = [code().encode_image(image, 128, 15.0, spread_db=s).side[0] for s in (0.0, 6.0)]
    assert schemes[0] > schemes[1]


def test_where_not_all_blocks_fit_some_are_left_out():
    """Rates at which the coarsest stream of all blocks is too long."""
    image = photo(128, 128)
    most = len(BANK.encode(image, max(BANK.points)).data)
    for rate in range(128, 0, -4):
        try:
            sent = code().encode_image(image, rate, 10.0, spread_db=0.0)
        except ValueError:
            break
        if int.from_bytes(sent.side[1:], "little") < most:
            assert receive(code(), sent, "awgn", 30.0, 1).shape == image.shape
            return
    pytest.fail("no rate at which blocks were left out")


def test_too_few_symbols_are_said():
    with pytest.raises(ValueError, match="too few"):
        code().encode_image(photo(32, 32), 1, 0.0)


def test_lost_symbols_are_made_good_by_their_repetitions():
    image = photo(64, 96)
    sent = code().encode_image(image, 128, 10.0, spread_db=0.0)
    n_bytes = int.from_bytes(sent.side[1:], "little")
    count = coded_symbols(n_bytes, MCS_TABLE[sent.side[0]])
    spare = len(sent.symbols) - count
    variance = np.full(len(sent.symbols), 0.01, np.float32)
    variance[: min(spare, count)] = np.inf
    whole = code().decode_image(sent.received(sent.symbols, np.full_like(variance, 0.01)))
    assert np.array_equal(code().decode_image(sent.received(sent.symbols, variance)), whole)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=6), st.integers(0, 2000), st.integers(0, 9))
def test_whatever_arrives_is_an_image_or_one_line(side, count, seed):
    noise = np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32)
    symbols = (noise @ np.array([1, 1j])).astype(np.complex64)
    heard = Received(symbols, np.ones(count, np.float32), 32, 64, 64, 0, side)
    found = outcome(code(), heard)
    assert "\n" not in found if isinstance(found, str) else found.shape == (64, 64, 3)
