"""A codec bank in a few lines, for the tests of what uses one."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import torch


@dataclass
class Coded:
    data: bytes


@dataclass
class Pixels:
    image: np.ndarray
    keep: np.ndarray


class SmallBank:
    """Pixels divided by a step and deflated; coarser with every point. Sides divide by 16."""

    name, sha256 = "small", "0" * 64
    points = (1, 2, 3, 4)

    def step(self, point):
        return 2.0 * 2 ** (point - 1)

    def encode(self, image, point, keep=None):
        rows, columns = image.shape[0] // 16, image.shape[1] // 16
        flags = np.ones((rows, columns), bool) if keep is None else keep
        blocks = image.reshape(rows, 16, columns, 16, 3).swapaxes(1, 2)[flags]
        values = np.round(blocks / self.step(point)).astype(np.uint8)
        head = bytes([point, rows, columns]) + np.packbits(flags).tobytes()
        return Coded(head + zlib.compress(values.tobytes(), 9))

    def decode(self, data, partial=False):
        point, rows, columns = data[:3]
        size = -(-rows * columns // 8)
        flags = np.unpackbits(np.frombuffer(data[3 : 3 + size], np.uint8), count=rows * columns)
        flags = flags.astype(bool).reshape(rows, columns)
        values = np.frombuffer(zlib.decompress(data[3 + size :]), np.uint8).astype(float)
        blocks = np.full((rows, columns, 16, 16, 3), 128.0)
        blocks[flags] = values.reshape(-1, 16, 16, 3) * self.step(point)
        pixels = blocks.swapaxes(1, 2).reshape(16 * rows, 16 * columns, 3)
        return Pixels(np.clip(pixels, 0, 255).astype(np.uint8), flags)

    def scales(self, image, point):
        rows, columns = image.shape[0] // 16, image.shape[1] // 16
        blocks = image.reshape(rows, 16, columns, 16, 3).astype(float)
        deviation = blocks.std(axis=(1, 3)) / self.step(point)
        return torch.tensor(deviation.transpose(2, 0, 1)[None])
