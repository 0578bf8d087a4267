"""Which optimiser gets which parameters, and at which rate."""

import pytest
import torch
from torch import nn

from gensc_models.training.optimisers import Group, Optimisers, kernels_and_others


def network() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(4, 4), nn.Conv2d(2, 2, 1))


def test_kernels_go_to_muon_and_frozen_parameters_to_nobody() -> None:
    net = network()
    net[2].requires_grad_(False)
    groups = kernels_and_others(net, 1.0, 0.1, decay=0.5, slower=("1.", 0.2))
    found = [(g.muon, round(g.rate, 6), g.decay, len(g.parameters)) for g in groups]
    assert found == [(True, 1.0, 0.5, 1), (False, 0.1, 0.0, 1), (False, 0.02, 0.0, 2)]


def test_decay_shrinks_what_has_no_gradient_in_proportion_to_the_rate() -> None:
    kernel = nn.Parameter(torch.ones(2, 2, 1, 1))
    Optimisers([Group([kernel], 0.5, muon=True, decay=0.1)], torch.float32).step(0.2)
    torch.testing.assert_close(kernel.data, torch.full((2, 2, 1, 1), 0.99))


def test_states_are_kept_and_of_other_groups_refused() -> None:
    net = network()
    groups = kernels_and_others(net, 1e-2, 1e-3)
    used = Optimisers(groups, torch.float32)
    net(torch.ones(1, 1, 6, 6)[..., :6, :6])[0].sum().backward()
    used.step(1.0)
    assert used.rate == pytest.approx(1e-3)
    fresh = Optimisers(groups, torch.float32)
    fresh.load_state_dict(used.state_dict())
    assert fresh.state_dict()["adam"]["state"].keys() == used.state_dict()["adam"]["state"].keys()
    with pytest.raises(ValueError, match="parameter group"):
        Optimisers(groups[:1] * 2, torch.float32).load_state_dict(used.state_dict())
