"""Convolutions as ncnn stores them."""

import numpy as np

HALF_TAG = (0x01306B47).to_bytes(4, "little")


def pack(convolutions, half=True):
    """The `.bin` of convolutions in the order of a graph."""
    parts = []
    for layer in convolutions:
        kernels = layer.weight.detach().numpy().astype("<f2" if half else "<f4").tobytes()
        parts += [HALF_TAG if half else bytes(4), kernels, bytes(-len(kernels) % 4)]
        if layer.bias is not None:
            parts.append(layer.bias.detach().numpy().astype(np.dtype("<f4")).tobytes())
    return b"".join(parts)
