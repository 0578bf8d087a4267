"""Batches of any make on a device."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from gensc_models.training.batches import moved


class Pair(NamedTuple):
    image: Tensor
    label: Tensor


@dataclass(frozen=True)
class Sample:
    image: Tensor
    names: tuple[str, ...]


def test_all_of_a_batch_arrives_in_its_own_form() -> None:
    image, label = torch.rand(2, 3, 4, 4), torch.arange(2)
    pair, (sample, pairs) = moved(
        (Pair(image, label), [Sample(image, ("a", "b")), [Pair(image, label)]]),
        torch.device("cpu"),
    )
    assert isinstance(pair, Pair)
    assert isinstance(sample, Sample)
    assert sample.names == ("a", "b")
    for found in (pair.image, sample.image, pairs[0].image):
        assert torch.equal(found, image)
        assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(pair.label, label)
