import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_models.semantics.gvif import gvif, gvif_map

SHAPE = (2, 3, 4, 5)


def draw(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Reference scales, coded scales at most as large, and a random set of latents."""
    g = torch.Generator().manual_seed(seed)
    reference = torch.rand(SHAPE, generator=g) * 4
    coded = reference * torch.rand(SHAPE, generator=g)
    return reference, coded, torch.rand(SHAPE, generator=g) < 0.6


seeds = st.integers(0, 2**31)


@given(seeds)
@settings(deadline=None)
def test_it_lies_between_nothing_and_all(seed):
    value = gvif(*draw(seed))
    assert value.shape == (2,)
    assert bool(((value >= 0) & (value <= 1)).all())


@given(seeds)
@settings(deadline=None)
def test_it_is_exactly_one_without_distortion_and_zero_when_nothing_arrives(seed):
    reference, coded, _ = draw(seed)
    everything = torch.ones(SHAPE, dtype=torch.bool)
    assert gvif(reference, reference, everything).tolist() == [1.0, 1.0]
    assert gvif(reference, coded, ~everything).tolist() == [0.0, 0.0]
    assert gvif(reference, torch.zeros(SHAPE), everything).tolist() == [0.0, 0.0]


@given(seeds, st.floats(0, 1))
@settings(deadline=None)
def test_it_grows_with_the_set_that_is_sent_and_with_the_scales(seed, share):
    reference, coded, kept = draw(seed)
    fewer = kept & (torch.rand(SHAPE, generator=torch.Generator().manual_seed(seed)) < share)
    assert bool((gvif(reference, coded, fewer) <= gvif(reference, coded, kept) + 1e-12).all())
    better = coded + share * (reference - coded)
    assert bool((gvif(reference, better, kept) >= gvif(reference, coded, kept) - 1e-9).all())


def test_it_is_the_published_formula():
    reference = torch.tensor([[[[1.0, 2.0]]]])
    coded = torch.tensor([[[[0.5, 2.0]]]])
    kept = torch.tensor([[[[True, False]]]])
    expected = math.log2(1 + 0.25 / 0.1) / (math.log2(1 + 1 / 0.1) + math.log2(1 + 4 / 0.1))
    assert float(gvif(reference, coded, kept)) == pytest.approx(expected)


def test_a_mask_over_positions_holds_for_every_channel():
    reference, coded, _ = draw(1)
    positions = torch.zeros(2, 1, 4, 5)
    positions[:, :, :2] = 1
    whole = positions.expand(SHAPE)
    assert torch.equal(gvif(reference, coded, positions), gvif(reference, coded, whole))


def test_the_map_shows_where_the_information_is_and_what_arrived():
    reference = torch.zeros(1, 1, 2, 2)
    reference[..., 0, 0], reference[..., 1, 1] = 3.0, 1.0
    kept = torch.tensor([[[[1.0, 1.0], [1.0, 0.0]]]])
    arrived, there = gvif_map(reference, reference, kept, (4, 4))[0]
    assert there[0, 0] == 1.0
    assert 0 < there[3, 3] < 1
    assert arrived[0, 0] == 1.0
    assert arrived[3, 3] == 0.0
    assert there[0, 3] == 0.0


def test_bad_arguments_are_refused_by_name():
    reference, coded, kept = draw(0)
    with pytest.raises(ValueError, match="alike"):
        gvif(reference, coded[:1], kept)
    with pytest.raises(ValueError, match="visual noise 0"):
        gvif(reference, coded, kept, 0)
    with pytest.raises(ValueError, match="coded scales"):
        gvif(reference, -coded, kept)
    assert gvif(torch.zeros(SHAPE), torch.zeros(SHAPE), kept).tolist() == [1.0, 1.0]
