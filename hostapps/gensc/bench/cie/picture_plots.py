"""Pictures of GVIF-CIE: Figure 10, and where in an image its information is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gensc.adapt.bank import BLOCK
from gensc.bench.cie.pictures import TITLES, Panel, Photo
from gensc.bench.cie.system import CieSystem, pixels_of
from gensc.figures.picture_grid import grid, show

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def picture_figure(panels: Sequence[Panel], title: str) -> Figure:
    """Figure 10: one row per image and SNR; the mask is outlined in the original."""
    fig, axes = grid(len(panels), 1 + max(len(p.schemes) for p in panels), panels[0].original)
    for row, panel in zip(axes, panels, strict=True):
        show(row[0], _outlined(panel.original, panel.keep), f"{panel.name}, outlined: sent", "")
        heading = f"Es/N0 {panel.snr_db:g} dB"
        for ax, shown in zip(row[1:], panel.schemes, strict=False):
            r = shown.row
            note = f"{TITLES[r['scheme']]}: mask {r['mask_psnr']:.1f} dB, {r['kbit']:.1f} kbit"
            if r["alpha"] is not None:
                note += f", α {r['alpha']:.2f}"
            show(ax, shown.picture, note, heading)
    fig.suptitle(title, fontsize=11)
    return fig


def map_figure(system: CieSystem, photos: Sequence[tuple[str, Photo]], alpha: float) -> Figure:
    """Per image: importance, what is sent at `alpha`, and the information there and arriving."""
    import torch

    from gensc_models.semantics.filtering import on_blocks
    from gensc_models.semantics.gvif import gvif, gvif_map

    fig, axes = grid(len(photos), 5, photos[0][1])
    bank = system.bank
    point = bank.points[len(bank.points) // 2]
    for row, (name, photo) in zip(axes, photos, strict=True):
        blocks = on_blocks(system.importance(photo, name), *photo.shape[:2])
        keep = blocks >= alpha
        reference, coded = bank.scales(photo, bank.points[0]), bank.scales(photo, point)
        kept = torch.from_numpy(keep)[None, None]
        height, width = photo.shape[:2]
        arrives, there = gvif_map(reference, coded, kept, (height, width))[0].numpy()
        fidelity = float(gvif(reference, coded, kept)[0])
        sent = np.where(pixels_of(keep, photo)[..., None], photo, 255)
        show(row[0], photo, name, "")
        show(row[1], _magnified(blocks, photo), f"importance: {system.importance.name}", "")
        show(row[2], sent, f"sent at α {alpha:g}: {100 * keep.mean():.0f} % of the blocks", "")
        show(row[3], there, f"information at point {bank.points[0]}", "")
        show(row[4], arrives, f"arriving at point {point}: GVIF {fidelity:.3f}", "")
    fig.suptitle("GVIF map: visual information of every block, bright is much", fontsize=11)
    return fig


def _magnified(blocks: NDArray[np.float64], photo: Photo) -> NDArray[np.float64]:
    """A map of blocks at the size of the image."""
    large = blocks.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)
    return large[: photo.shape[0], : photo.shape[1]]


def _outlined(photo: Photo, keep: NDArray[np.bool_], thickness: int = 2) -> Photo:
    """The photo with a line along the border of the mask."""
    from scipy.ndimage import binary_dilation, binary_erosion

    border = binary_dilation(keep, iterations=thickness) & ~binary_erosion(
        keep, iterations=thickness, border_value=1
    )
    return np.where(border[..., None], np.array([255, 220, 0], np.uint8), photo)
