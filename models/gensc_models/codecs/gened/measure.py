"""The dual-branch codec through simulated channels, and its foreground PSNR over photos with maps.

The foreground is where the map of the photo is 128 or more: the codec is not told. Its header
section is counted in symbols.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gensc_models.channels.single import CSI
from gensc_models.codecs.gened.codec import GenedCodec
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
