"""Weights in the binary format of ncnn.

A ``.bin`` has no names: the blobs of all layers follow each other in the order of the graph. Of a
convolution these are a tag of four bytes, the kernels as ``out x in x rows x columns`` (float16
behind the tag 0x01306B47, padded to four bytes; float32 behind 0), and the bias in float32.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

HALF, SINGLE = 0x01306B47, 0


def fill(convolutions: list[nn.Conv2d], data: bytes) -> None:
    """Gives convolutions, in the order of the graph, the parameters of a ``.bin``.

    Raises
    ------
    ValueError
        Another tag, values that are not finite, or more or fewer bytes than these take.
    """
    at = 0

    def take(dtype: str, count: int) -> np.ndarray:
        nonlocal at
        size = count * np.dtype(dtype).itemsize
        if at + size > len(data):
            raise ValueError(f"it ends after {len(data)} bytes, {at + size} are expected")
        found = np.frombuffer(data, dtype, count, at)
        at += -(-size // 4) * 4
        return found

    for layer in convolutions:
        tag = int(take("<u4", 1)[0])
        if tag not in (HALF, SINGLE):
            raise ValueError(f"unknown tag {tag:#010x} at byte {at - 4}")
        kernel = take("<f2" if tag == HALF else "<f4", layer.weight.numel())
        _set(layer.weight, kernel)
        if layer.bias is not None:
            _set(layer.bias, take("<f4", layer.bias.numel()))
    if at != len(data):
        raise ValueError(f"it has {len(data)} bytes, {at} are expected")


def _set(parameter: torch.Tensor, values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise ValueError("it has values that are not finite")
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(values.astype(np.float32)).view_as(parameter))
