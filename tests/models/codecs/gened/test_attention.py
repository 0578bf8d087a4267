"""Patch-wise deformable attention: only what is selected, and the same as if all were computed."""

import pytest
import torch
from torch.nn import functional as F

from gensc_models.codecs.gened.attention import (
    DeformableBlock,
    Guides,
    from_patches,
    to_patches,
    warped_at,
)
from gensc_models.codecs.gened.branches import CbamBranch, SwinBranch
from gensc_models.codecs.swin.transformer import relative_index
from small_gened import TINY

PATCH = 4


def example(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, Guides, torch.Tensor]:
    """Features 2x8x12x16, a selection of 3x4 patches, guides and conditions."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    selected = torch.rand(2, 3, 4, generator=generator) < 0.4
    guides = Guides(3 * draw(2, 2, 12, 16), draw(2, 8, 1, 1), draw(2, 1, 12, 16))
    return draw(2, 8, 12, 16), selected, guides, draw(2, 3, 4, 8)


def trained(block: torch.nn.Module) -> torch.nn.Module:
    torch.manual_seed(1)
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return block


def test_patches_go_back_to_the_map() -> None:
    x = torch.rand(2, 3, 8, 12)
    patches = to_patches(x, PATCH)
    assert patches.shape == (2, 2, 3, 16, 3)
    assert torch.equal(patches[1, 1, 2, :, 0], x[1, 0, 4:8, 8:12].flatten())
    assert torch.equal(from_patches(patches, PATCH), x)


def test_warping_is_bilinear_sampling_at_the_places_the_offsets_point_to() -> None:
    x, _, guides, _ = example()
    everywhere = torch.ones(2, 3, 4, dtype=torch.bool)
    found = warped_at(x, guides.offsets, everywhere, PATCH).view(2, 3, 4, 16, 8)
    rows, columns = torch.meshgrid(torch.arange(12.0), torch.arange(16.0), indexing="ij")
    down, right = rows + guides.offsets[:, 0], columns + guides.offsets[:, 1]
    grid = torch.stack([2 * right / 15 - 1, 2 * down / 11 - 1], dim=-1)
    expected = F.grid_sample(x, grid, padding_mode="border", align_corners=True)
    torch.testing.assert_close(from_patches(found, PATCH), expected, rtol=1e-4, atol=1e-5)


def test_zero_offsets_read_the_patch_itself_and_offsets_learn() -> None:
    x, selected, guides, _ = example()
    zero = torch.zeros_like(guides.offsets)
    torch.testing.assert_close(warped_at(x, zero, selected, PATCH), to_patches(x, PATCH)[selected])
    offsets = guides.offsets.clone().requires_grad_()
    warped_at(x, offsets, selected, PATCH).square().sum().backward()
    touched = to_patches(offsets.grad, PATCH).abs().sum(dim=(-2, -1)) > 0
    assert torch.equal(touched, selected)


def dense(block: DeformableBlock, x: torch.Tensor, guides: Guides, c: torch.Tensor) -> torch.Tensor:
    """The block's equations written for all patches, without gathering any."""
    everywhere = torch.ones(c.shape[:3], dtype=torch.bool)
    tokens = to_patches(x, PATCH)
    warped = warped_at(x, guides.offsets, everywhere, PATCH).view(tokens.shape)
    heads = (*tokens.shape[:-1], block.heads, -1)
    normal = block.norm1(tokens)
    q = block.query(normal).view(heads)
    k = block.key(block.norm1(warped)).view(heads)
    v = block.value(normal * to_patches(guides.spatial, PATCH)).view(heads)
    scores = torch.einsum("bijqhc,bijkhc->bijhqk", q, k) / q.shape[-1] ** 0.5
    scores = scores + block.bias[relative_index(PATCH)].permute(2, 0, 1)
    mixed = torch.einsum("bijhqk,bijkhc->bijqhc", scores.softmax(dim=-1), v)
    tokens = tokens + block.out(mixed.reshape(tokens.shape))
    scale, shift = block.modulation(c)[:, :, :, None].chunk(2, dim=-1)
    hidden = block.mlp_in(block.norm2(tokens) * (1 + scale) + shift)
    return from_patches(tokens + block.mlp_out(F.gelu(hidden, approximate="tanh")), PATCH)


def test_selected_patches_come_out_as_if_all_were_computed_and_the_others_unchanged() -> None:
    x, selected, guides, condition = example()
    branch = trained(SwinBranch(8, TINY))
    wide = selected[:, None].repeat_interleave(PATCH, 2).repeat_interleave(PATCH, 3)
    expected = x
    for block in branch.blocks:
        expected = torch.where(wide, dense(block, expected, guides, condition), expected)
    found = branch(x, selected, guides, condition)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(found[~wide.expand_as(x)], x[~wide.expand_as(x)])


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_only_selected_patches_are_computed(share: float) -> None:
    x, _, guides, condition = example()
    selected = torch.arange(24).view(2, 3, 4) < 24 * share
    block = trained(DeformableBlock(8, 2, PATCH, 2.0, 8))
    seen: list[int] = []
    block.query.register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0])))
    block(x, selected, guides, condition)
    assert sum(seen) == int(selected.sum())


def test_the_convolutional_branch_weighs_channels_first_and_keeps_its_shape() -> None:
    x, selected, guides, condition = example()
    branch = trained(CbamBranch(8, TINY))
    plain = Guides(guides.offsets, torch.ones_like(guides.channel), guides.spatial)
    weighed = branch(x, selected, guides, condition)
    assert weighed.shape == x.shape
    torch.testing.assert_close(weighed, branch(x * guides.channel, selected, plain, condition))
    assert not torch.allclose(weighed, branch(x, selected, plain, condition))
