"""Shifted-window layers: who sees whom, at any size."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.codecs.swin.transformer import (
    PatchDivision,
    PatchMerging,
    SwinBlock,
    WindowAttention,
    attention_mask,
    from_windows,
    relative_index,
    to_windows,
)


@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.sampled_from([1, 2, 4]))
@settings(max_examples=25, deadline=None)
def test_windows_go_back_to_where_they_were(b: int, rows: int, columns: int, window: int) -> None:
    x = torch.randn(b, rows * window, columns * window, 3)
    windows = to_windows(x, window)
    assert windows.shape == (b * rows * columns, window * window, 3)
    assert torch.equal(windows[0], x[0, :window, :window].reshape(-1, 3))
    assert torch.equal(from_windows(windows, window, *x.shape[1:3]), x)


def seen_from(layer: WindowAttention, size: tuple[int, int], at: tuple[int, int]) -> set:
    """Positions that change the output at `at`."""
    torch.manual_seed(1)
    x = torch.randn(1, *size, 4, dtype=torch.float64, requires_grad=True)
    layer.double()(x)[0, at[0], at[1]].square().sum().backward()
    return {tuple(p) for p in x.grad[0].abs().sum(-1).nonzero().tolist()}


def box(top: int, bottom: int, left: int, right: int) -> set:
    return {(i, j) for i in range(top, bottom) for j in range(left, right)}


def test_attention_stays_within_its_window() -> None:
    layer = WindowAttention(4, 2, window=2, shift=0)
    assert seen_from(layer, (4, 6), (1, 3)) == box(0, 2, 2, 4)


def test_shifted_windows_reach_across_borders_and_never_around_the_image() -> None:
    layer = WindowAttention(4, 2, window=2, shift=1)
    assert seen_from(layer, (4, 6), (1, 2)) == box(1, 3, 1, 3)
    assert seen_from(layer, (4, 6), (0, 0)) == {(0, 0)}
    assert seen_from(layer, (4, 6), (0, 3)) == {(0, 3), (0, 4)}
    assert seen_from(layer, (4, 6), (3, 5)) == {(3, 5)}


@pytest.mark.parametrize("shift", [0, 2])
@pytest.mark.parametrize("size", [(4, 4), (5, 9), (3, 2), (8, 10)])
def test_padding_is_nobodys_neighbour(size: tuple[int, int], shift: int) -> None:
    torch.manual_seed(0)
    layer = WindowAttention(4, 2, window=4, shift=shift)
    with torch.no_grad():
        # Were padding seen, its share of the attention would depend on this bias.
        layer.qkv.bias.normal_(std=3.0)
        x = torch.randn(2, *size, 4)
        expected = torch.zeros_like(x)
        keys = {(i, j) for i in range(size[0]) for j in range(size[1])}
        for i, j in keys:
            window = {
                (a, b)
                for a, b in keys
                if (a + 4 - shift) // 4 == (i + 4 - shift) // 4
                and (b + 4 - shift) // 4 == (j + 4 - shift) // 4
            }
            others = sorted(window)
            q, k, v = (
                layer.qkv(x).view(2, *size, 3, 2, 2).permute(3, 0, 4, 1, 2, 5)
            )  # B x heads x H x W x d
            rows = torch.tensor([a for a, _ in others])
            columns = torch.tensor([b for _, b in others])
            score = (q[:, :, i, j, None] * k[:, :, rows, columns]).sum(-1) / 2**0.5
            mixed = (score.softmax(-1)[..., None] * v[:, :, rows, columns]).sum(2)
            expected[:, i, j] = layer.out(mixed.reshape(2, 4))
        torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)


def test_no_mask_where_everybody_may_attend() -> None:
    assert attention_mask(8, 8, 8, 8, 4, 0) is None
    assert attention_mask(8, 8, 8, 8, 4, 2) is not None


def test_the_bias_depends_on_the_offset_alone() -> None:
    index = relative_index(3)
    assert index.shape == (9, 9)
    assert index[0, 4] == index[4, 8]  # one step down and right
    assert index[0, 1] != index[1, 0]
    assert len(index.unique()) == 25


def test_a_block_starts_indifferent_to_its_condition_and_learns_from_it() -> None:
    torch.manual_seed(0)
    block = SwinBlock(8, 2, 2, 1, 2.0, condition=3)
    x, one, two = torch.randn(1, 4, 4, 8), torch.zeros(1, 3), torch.ones(1, 3)
    assert torch.equal(block(x, one), block(x, two))
    torch.nn.init.normal_(block.modulation.weight)
    assert not torch.allclose(block(x, one), block(x, two))


def test_merging_and_division_change_resolution_and_width() -> None:
    x = torch.randn(2, 6, 4, 5)
    assert PatchMerging(5, 7)(x).shape == (2, 3, 2, 7)
    assert PatchDivision(5, 3)(x).shape == (2, 12, 8, 3)


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="width 10 is no multiple of 4 heads"):
        WindowAttention(10, 4, 2, 0)
