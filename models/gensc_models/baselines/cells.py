"""Flags of pixels on a coarser grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_models.codecs.bank.runs import unpack_mask
from gensc_models.restore.inpainting import keep_of_blocks

Flags = NDArray[np.bool_]


def cell_shares(flags: Flags, cell: int) -> NDArray[np.float64]:
    """Share of the pixels of each ``cell x cell`` square that are true.

    ``ceil(H / cell) x ceil(W / cell)``; the last squares count the pixels they have.
    """
    rows, columns = (np.arange(0, side, cell) for side in flags.shape)
    sums = np.add.reduceat(np.add.reduceat(flags.astype(float), rows, axis=0), columns, axis=1)
    heights, widths = (
        np.diff(np.append(starts, side))
        for starts, side in zip((rows, columns), flags.shape, strict=True)
    )
    return sums / np.outer(heights, widths)


def unpack_cells(section: bytes, height: int, width: int, cell: int) -> Flags:
    """Pixels ``height x width`` of the cells that :func:`pack_mask` packed.

    Raises
    ------
    BitstreamError
        Damaged, or of another size.
    """
    rows, columns = -(-height // cell), -(-width // cell)
    return keep_of_blocks(unpack_mask(section, rows, columns), height, width, cell)
