"""Symbols and power shared between foreground and background."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gensc_models.codecs.gened.split import (
    Choice,
    Split,
    SplitError,
    best_split,
    branch_errors,
    shares,
    uniform_rates,
)
from gensc_models.codecs.softcast.linear import LinearCode


def falling_code() -> LinearCode:
    linear = LinearCode()
    linear.variance.copy_(100.0 / (1.0 + torch.arange(256.0)) ** 2)
    return linear


LINEAR = falling_code()


def best(mask: torch.Tensor, weights: torch.Tensor, symbols: int, snr_db: float) -> Choice:
    """Of an image whose blocks are all what the code expects."""
    energy = LINEAR.variance[:, None, None].expand(-1, *mask.shape)
    return best_split(LINEAR, energy, mask, weights, symbols, snr_db)


MASKS = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**36 - 1)).map(
    lambda drawn: torch.tensor(
        [[bool(drawn[2] >> (6 * i + j) & 1) for j in range(drawn[1])] for i in range(drawn[0])]
    )
)


@given(MASKS, st.integers(1, 128), st.integers(0, 200), st.floats(-5, 20), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_the_symbols_are_exactly_those_asked_for_whatever_the_mask(
    mask: torch.Tensor, rate: int, reserved: int, snr: float, confidence: float
) -> None:
    symbols = max(1, mask.numel() * rate - reserved)
    weights = 0.1 + confidence * mask + (1 - confidence) * 0.5
    share = shares(mask, symbols, best(mask, weights, symbols, snr).split)
    assert int(share.rates.sum()) == sum(share.symbols) == symbols
    assert int(share.rates.min()) >= 0
    assert int(share.rates.max()) <= 128


@given(MASKS, st.integers(2, 128), st.integers(0, 127), st.integers(0, 15))
@settings(max_examples=60, deadline=None)
def test_mean_power_is_one_and_the_ratio_is_the_one_set(
    mask: torch.Tensor, rate: int, background: int, ratio_db: int
) -> None:
    inside = int(mask.sum())
    rest = mask.numel() * rate - (mask.numel() - inside) * background
    assume(inside and 0 <= rest <= 128 * inside)
    share = shares(mask, mask.numel() * rate, Split(background, float(ratio_db)))
    mean = float((share.power_map().double() * share.rates).sum()) / sum(share.symbols)
    assert mean == pytest.approx(1.0, rel=1e-5)
    if all(share.symbols):
        assert share.powers[0] / share.powers[1] == pytest.approx(10 ** (ratio_db / 10))


def test_blocks_of_a_branch_differ_by_one_symbol_at_most() -> None:
    mask = torch.tensor([[True, False, True], [True, False, False]])
    share = shares(mask, 101, Split(7, 0.0))
    assert share.rates.tolist() == [[27, 7, 27], [26, 7, 7]]


def test_a_certain_foreground_gets_more_symbols_and_a_doubtful_one_hardly_more() -> None:
    mask = torch.zeros(4, 4, dtype=torch.bool)
    mask[1:3, 1:3] = True
    certain = best(mask, mask + 0.05, 16 * 32, 10.0).split
    doubtful = best(mask, 0.1 * mask + 0.5, 16 * 32, 10.0).split
    assert certain.background < doubtful.background <= 32
    inside = shares(mask, 16 * 32, certain).rates[mask].float().mean()
    assert inside > 60


def test_one_branch_alone_has_the_uniform_rate_and_no_power_of_its_own() -> None:
    for mask in (torch.ones(2, 3, dtype=torch.bool), torch.zeros(2, 3, dtype=torch.bool)):
        share = shares(mask, 6 * 32, best(mask, mask + 0.1, 6 * 32, 5.0).split)
        assert share.rates.unique().tolist() == [32]
        assert share.power_map().unique().tolist() == [1.0]


def test_what_does_not_fit_is_refused() -> None:
    mask = torch.tensor([[True, False]])
    with pytest.raises(SplitError, match="a block takes 0 to 128"):
        shares(mask, 300, Split(0, 0.0))
    with pytest.raises(SplitError, match="10 symbols: the background alone takes 11"):
        shares(mask, 10, Split(11, 0.0))
    with pytest.raises(SplitError, match="257 symbols for 2 blocks"):
        best(mask, mask + 0.1, 257, 0.0)
    with pytest.raises(SplitError, match="no block"):
        uniform_rates(0, 3)


def test_expected_errors_of_average_blocks_are_those_of_the_linear_code() -> None:
    energy = LINEAR.variance[:, None].expand(-1, 6)
    told, rates = torch.tensor([0.0, 10.0, 10.0]), torch.tensor([32, 32, 100])
    found = branch_errors(LINEAR, energy, torch.full((6,), 0.5), told, rates)
    expected = 3.0 * 768 * LINEAR.expected_mse(told, told, rates).double()
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=0)


def test_a_rich_background_keeps_more_symbols_than_a_plain_one() -> None:
    mask = torch.zeros(4, 4, dtype=torch.bool)
    mask[1:3, 1:3] = True
    energy = LINEAR.variance[:, None, None].expand(-1, 4, 4)
    kept = []
    for richness in (0.1, 1.0, 10.0):
        of_image = torch.where(mask, energy, richness * energy)
        kept.append(best_split(LINEAR, of_image, mask, mask + 0.1, 512, 10.0).split.background)
    assert kept == sorted(set(kept))


def test_what_is_expected_falls_with_the_symbols() -> None:
    mask = torch.eye(4, dtype=torch.bool)
    expected = [best(mask, mask + 0.1, symbols, 10.0).expected for symbols in (100, 300, 900)]
    assert expected == sorted(expected, reverse=True)


def test_what_a_foreground_of_few_blocks_cannot_take_falls_to_the_background() -> None:
    mask = torch.zeros(20, 30, dtype=torch.bool)
    mask[7, 8] = True
    share = shares(mask, 600 * 32, Split(20, 0.0))
    assert share.rates[7, 8] == 128
    assert share.rates[~mask].unique().tolist() == [31, 32]
    assert sum(share.symbols) == 600 * 32
