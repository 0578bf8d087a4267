"""The dual-branch codec through simulated channels, and its foreground PSNR over photos with maps.

The foreground is where the map of the photo is 128 or more: the codec is not told. Its header
section is counted in symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from gensc_models.channels.single import CSI
from gensc_models.codecs.gened.attention import Guides
from gensc_models.codecs.gened.branches import CbamBranch, SwinBranch
from gensc_models.codecs.gened.codec import GenedCodec
from gensc_models.codecs.gened.config import TOKEN
from gensc_models.codecs.simulated import receive
from gensc_models.data.photos import BLOCK, crop_to_blocks
from gensc_models.metrics.fidelity import mask_psnr, psnr
from gensc_models.metrics.foreground import mask_iou
from gensc_models.semantics.importance.maps import MappedPhoto

FOREGROUND_LEVEL = 128


@dataclass(frozen=True)
class GenedPoint:
    """Means over photos at one operating point; PSNRs in dB on uint8 images, symbols per image."""

    codec: str
    channel: str
    csi: str
    rate: int
    snr_db: float
    foreground_psnr_db: float
    psnr_db: float
    foreground_symbols: float
    background_symbols: float
    side_symbols: float
    mask_bits: float
    mask_iou: float
    photos: int


def cropped(pairs: Sequence[MappedPhoto]) -> list[MappedPhoto]:
    """Photos and maps cut to multiples of 16 pixels; those without a foreground are left out."""
    out = []
    for pair in pairs:
        grey = crop_to_blocks(pair.map[..., None])[..., 0]
        if (grey >= FOREGROUND_LEVEL).any():
            out.append(MappedPhoto(pair.name, crop_to_blocks(pair.photo), grey))
    return out


def on_pixels(mask: np.ndarray) -> np.ndarray:
    """A mask per block as one per pixel."""
    return mask.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)


class ScoreMap:
    """The score map that the transmitter routes by as a source of importance, a value per block;
    see :class:`gensc_models.semantics.importance.sources.ImageImportance`."""

    def __init__(self, codec: GenedCodec) -> None:
        self.name, self._codec = f"score map of {codec.name}", codec

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """The map of an image, uint8 ``H x W x 3``: float32 ``H x W`` in [0, 1]."""
        score = on_pixels(self._codec.importance(image).score)
        return score[: image.shape[0], : image.shape[1]].clip(0.0, 1.0)


def foreground_branches(
    codec: GenedCodec, blocks: int
) -> dict[str, Callable[[np.ndarray], Tensor]]:
    """Both foreground branches on features of noise, for a mask ``blocks x blocks`` of the patches
    that are computed: what they take depends on it alone."""
    network, config = codec.network, codec.config.network
    ends = {
        "transmitter": (network.transmitter.branches.foreground, config.width),
        "receiver": (network.receiver.branches.foreground, config.trunk.decoder_width_4),
    }
    drawn, side = torch.Generator().manual_seed(1), blocks * BLOCK // TOKEN
    scalars = torch.randn(1, blocks, blocks, config.condition, generator=drawn)
    runs: dict[str, Callable[[np.ndarray], Tensor]] = {}
    for end, (branch, width) in ends.items():
        features = torch.randn(1, width, side, side, generator=drawn)
        offsets = torch.randn(1, 2, side, side, generator=drawn)
        guides = Guides(offsets, torch.ones(1, width, 1, 1), torch.ones(1, 1, side, side))
        runs[end] = partial(_computed, branch, features, guides, scalars)
    return runs


@torch.inference_mode()
def _computed(
    branch: SwinBranch | CbamBranch, features: Tensor, guides: Guides, scalars: Tensor,
    mask: np.ndarray,
) -> Tensor:  # fmt: skip
    return branch(features, torch.from_numpy(mask)[None], guides, scalars)


def _mean(name: str, channel: str, rate: int, snr_db: float, rows: Sequence[tuple]) -> GenedPoint:
    means = [round(float(m), 3) for m in np.mean(rows, axis=0)]
    inside, whole, foreground, background, side, bits, iou = means
    return GenedPoint(
        name, channel, CSI, rate, snr_db, inside, whole, foreground, background, side, bits, iou,
        len(rows),
    )  # fmt: skip


def evaluate_gened(
    codec: GenedCodec,
    pairs: Sequence[MappedPhoto],
    points: Sequence[tuple[int, float]],
    channel: str = "awgn",
    seed: int = 1,
    told: bool = False,
) -> Iterator[GenedPoint]:
    """A row per (rate, SNR) for the dual-branch codec.

    ``told`` gives it the true foreground as its mask: what a perfect prediction would bring.
    """
    for rate, snr_db in points:
        rows = []
        for i, pair in enumerate(pairs):
            truth = pair.map >= FOREGROUND_LEVEL
            blocks = truth.reshape(truth.shape[0] // BLOCK, BLOCK, -1, BLOCK).any(axis=(1, 3))
            sent = codec.encode_image(pair.photo, rate, snr_db, blocks if told else None)
            image = receive(codec, sent, channel, snr_db, seed + i)
            rows.append(
                (
                    mask_psnr(pair.photo, image, truth),
                    psnr(pair.photo, image),
                    len(sent.foreground),
                    len(sent.background),
                    sent.side_symbols,
                    sent.mask_bits,
                    mask_iou(on_pixels(sent.importance.mask), truth),
                )
            )
        name = codec.name + (" (told)" if told else "")
        yield _mean(name, channel, rate, snr_db, rows)
