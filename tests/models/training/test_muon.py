"""The optimiser of the small convolutional networks."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gensc_models.training.muon import Muon, orthogonalised


@given(
    rows=st.integers(1, 40), columns=st.integers(1, 40), seed=st.integers(0, 99),
    size=st.floats(1e-3, 1e3),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_the_step_keeps_directions_and_evens_out_their_strength(rows, columns, seed, size):
    generator = torch.Generator().manual_seed(seed)
    u, _ = torch.linalg.qr(torch.randn(rows, min(rows, columns), generator=generator))
    v, _ = torch.linalg.qr(torch.randn(columns, min(rows, columns), generator=generator))
    strength = size * (0.2 + torch.rand(min(rows, columns), generator=generator))
    found = orthogonalised(u * strength @ v.T)
    in_basis = u.T @ found @ v
    assert torch.diag(in_basis).min() > 0.6
    assert torch.diag(in_basis).max() < 1.3
    torch.testing.assert_close(in_basis, torch.diag(torch.diag(in_basis)), rtol=0, atol=1e-3)


def test_bfloat16_finds_the_same_step_and_gives_it_back_in_the_weights_type():
    matrix = torch.randn(24, 60, generator=torch.Generator().manual_seed(3))
    exact, short = orthogonalised(matrix), orthogonalised(matrix, torch.bfloat16)
    assert short.dtype == torch.float32
    assert (exact - short).norm() < 0.08 * exact.norm(), "far below what the iteration leaves"


def test_steps_have_adams_size_whatever_the_gradient():
    for shape in ((32, 16, 5, 5), (100, 7)):
        weight = nn.Parameter(torch.zeros(shape))
        weight.grad = 1e-4 * torch.randn(shape, generator=torch.Generator().manual_seed(1))
        Muon([weight], lr=0.01).step()
        rms = weight.detach().square().mean().sqrt().item()
        assert rms == pytest.approx(0.2 * 0.01, rel=0.3)


def test_an_ill_conditioned_fit_is_found():
    generator = torch.Generator().manual_seed(2)
    truth = torch.randn(8, 8, generator=generator)
    inputs = torch.randn(256, 8, generator=generator) * torch.logspace(0, -2, 8)
    weight = nn.Parameter(torch.zeros(8, 8))
    muon = Muon([weight], lr=0.3)

    def loss() -> torch.Tensor:
        return (inputs @ (weight - truth).T).square().mean()

    start = loss().item()
    for step in range(200):
        muon.param_groups[0]["lr"] = 0.3 * (1 - step / 200)
        muon.zero_grad()
        loss().backward()
        muon.step()
    assert loss().item() < 1e-3 * start


def test_weights_without_gradient_stay():
    weight = nn.Parameter(torch.ones(3, 3))
    Muon([weight]).step()
    assert torch.equal(weight.detach(), torch.ones(3, 3))


def test_vectors_are_refused():
    with pytest.raises(ValueError, match="Adam"):
        Muon([nn.Parameter(torch.zeros(4))])
