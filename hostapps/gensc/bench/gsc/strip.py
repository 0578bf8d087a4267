"""Figure 6: the same pictures with and without refinement, at SNRs from 0 to 15 dB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gensc.bench.gsc import link
from gensc.bench.gsc.link import Images
from gensc.bench.gsc.schemes import GSC, NGF, System

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SNRS_DB = (0, 3, 6, 9, 12, 15)
NAMES = {NGF: "NGF", GSC: "GSC"}


@dataclass(frozen=True)
class Strip:
    """One picture at all SNRs.

    Attributes:
        original: uint8 [H, W, 3].
        rows: scheme → pictures, one per SNR.
    """

    original: NDArray[np.uint8]
    rows: dict[str, Images]


def strips(
    images: Sequence[NDArray[np.uint8]], system: System, rate: int, seed: int
) -> list[Strip]:
    """Every picture over AWGN at SNRS_DB; with NGF alone where there is no refiner."""
    made = []
    for number, image in enumerate(images):
        rows: dict[str, list[NDArray[np.uint8]]] = {NGF: []}
        if system.refiner is not None:
            rows[GSC] = []
        for snr_db in SNRS_DB:
            sent = system.codec.encode_images(image[None], rate, snr_db)
            draw = link.batch_seed(seed, "strip", snr_db, number)
            received, noise_var = link.through(sent[0].symbols[None], "awgn", snr_db, draw)
            decoded = link.decode(system.codec, sent, received, noise_var)
            rows[NGF].append(decoded[0])
            if system.refiner is not None:
                rows[GSC].append(link.refine(system.refiner, decoded, noise_var)[0])
        made.append(Strip(image, {scheme: np.stack(row) for scheme, row in rows.items()}))
    return made


def strip_figure(made: Sequence[Strip], title: str) -> Figure:
    """Pictures in rows (scheme) and columns (SNR), the original first, PSNR below each."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from gensc_models.metrics.fidelity import psnr

    schemes = list(made[0].rows)
    height, width = made[0].original.shape[:2]
    cell = 1.45
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    engine = ConstrainedLayoutEngine()
    fig = Figure(
        figsize=(
            cell * (len(SNRS_DB) + 1) + 0.4,
            (cell * height / width + 0.22) * len(made) * len(schemes) + 0.4,
        ),
        layout=engine,
        facecolor="white",
    )
    FigureCanvasAgg(fig)
    engine.set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    axes = fig.subplots(len(made) * len(schemes), len(SNRS_DB) + 1, squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for i, strip in enumerate(made):
        for j, scheme in enumerate(schemes):
            row = axes[i * len(schemes) + j]
            if j == 0:
                _show(row[0], strip.original, "original", "")
            for k, (snr_db, picture) in enumerate(zip(SNRS_DB, strip.rows[scheme], strict=True), 1):
                note = f"{NAMES[scheme]} {psnr(strip.original, picture):.1f} dB"
                heading = f"Es/N0 {snr_db:g} dB" if i == j == 0 else ""
                _show(row[k], picture, note, heading)
    fig.suptitle(title, fontsize=11)
    return fig


def _show(ax: object, picture: NDArray[np.uint8], note: str, heading: str) -> None:
    """A picture without smoothing, a line below it and, in the first row, a heading."""
    smoothing = "nearest" if picture.shape[0] < 100 else "antialiased"
    ax.imshow(picture, interpolation=smoothing)  # type: ignore[attr-defined]
    ax.set_title(heading, fontsize=9)  # type: ignore[attr-defined]
    ax.text(  # type: ignore[attr-defined]
        0.5, -0.03, note, transform=ax.transAxes, ha="center", va="top", fontsize=7.5  # type: ignore[attr-defined]
    )  # fmt: skip
