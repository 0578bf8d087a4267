"""Weights in ncnn's format: read back exactly, and whatever is wrong with a file is said."""

import numpy as np
import pytest
import torch
from torch import nn

from gensc_models.foundation.realesrgan.ncnn import fill
from ncnn_file import HALF_TAG, pack


def layers() -> list[nn.Conv2d]:
    torch.manual_seed(2)
    # 3 kernels of 1: an odd number of halves, so that the blob is padded.
    return [nn.Conv2d(3, 4, 3), nn.Conv2d(1, 3, 1), nn.Conv2d(4, 2, 1, bias=False)]


@pytest.mark.parametrize("half", [True, False])
def test_what_was_packed_is_read_back(half):
    stored, read = (
        layers(),
        [nn.Conv2d(3, 4, 3), nn.Conv2d(1, 3, 1), nn.Conv2d(4, 2, 1, bias=False)],
    )
    fill(read, pack(stored, half))
    for one, other in zip(stored, read, strict=True):
        exact = one.weight.half().float() if half else one.weight
        assert torch.equal(other.weight, exact)
        assert one.bias is None or torch.equal(other.bias, one.bias)


def test_files_of_another_length_are_refused():
    data = pack(layers())
    for wrong in (data[:-4], data[:2], b"", data + b"0000"):
        with pytest.raises(ValueError, match="expected"):
            fill(layers(), wrong)


def test_unknown_tags_and_values_that_are_not_finite_are_refused():
    data = pack(layers())
    with pytest.raises(ValueError, match="unknown tag 0x000d4b38 at byte 0"):
        fill(layers(), (0x000D4B38).to_bytes(4, "little") + data[4:])
    broken = np.frombuffer(data, "<f2").copy()
    assert broken[:2].tobytes() == HALF_TAG
    broken[5] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        fill(layers(), broken.tobytes())
