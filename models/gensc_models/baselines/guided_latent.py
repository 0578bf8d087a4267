"""A latent image over the air, denoised under the guidance of its caption and its edges.

After SGD-JSCC: Zhang et al., "Semantics guided diffusion for deep joint source and channel coding
design" (WCSP 2024) and its extension (arXiv 2501.01138). The latents of an autoencoder go over the
channel as analog symbols. To a diffusion model the channel's noise is its own: the receiver starts
it at the training step whose noise is as strong, with the caption as prompt.

Where noise is not the same everywhere (fading, erasures, frequencies that were not sent), each
frequency is left to the model from the step on that has as much noise as itself; before that it is
held at what was received, with noise added to what the step has. With equal noise everywhere that
is the method of the paper. The model in the paper was trained on the channel's latents; here it is
any latent diffusion pipeline.

The edge map (Canny's, in squares of 4 pixels as coded runs) is sent where the pipeline draws along
outlines, and text and edges leave at least half of the symbols to the latents.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2gray
from skimage.feature import canny

from gensc_models.baselines.cells import cell_shares, unpack_cells
from gensc_models.baselines.latent_symbols import (
    Latents,
    Observation,
    Shape,
    of_frequencies,
    of_symbols,
    to_frequencies,
    to_symbols,
)
from gensc_models.baselines.transmission import Budget, Mask, Photo, Reception, Transmission
from gensc_models.codecs.bank.runs import pack_mask
from gensc_models.codecs.layout import SideInfo
from gensc_models.restore.inpainting import check_request

SCHEME = "guided-latent"
EDGE_CELL = 4
EDGE_SMOOTHING = 3.0
# Of the budget that goes to the latents at least.
LATENT_SHARE = 0.5


class LatentPipeline(Protocol):
    """See :class:`gensc_models.foundation.DiffusersLatents`, which is one."""

    name: str
    levels: NDArray[np.float64]
    by_outlines: bool

    def shape(self, height: int, width: int) -> Shape:
        """Of the latents of an image of that size."""
        ...

    def encode(self, image: Photo) -> Latents:
        """Latents of an image."""
        ...

    def step_of(self, variance: float) -> int:
        """The first training step with at least that much noise."""
        ...

    def denoise(
        self,
        noisy: Latents,
        step: int,
        prompt: str,
        height: int,
        width: int,
        correct: Callable[[Latents, float], Latents] | None = None,
        lines: Mask | None = None,
        seed: int = 0,
    ) -> Photo:
        """The image of latents with the noise of a training step."""
        ...


@dataclass(frozen=True, eq=False)
class GuidedLatent:
    """Both ends of the scheme; see :class:`~gensc_models.baselines.transmission.Baseline`."""

    pipeline: LatentPipeline
    scheme: str = SCHEME

    @property
    def name(self) -> str:
        """Scheme and pipeline."""
        guide = "text and edges" if self.pipeline.by_outlines else "text"
        return f"{self.scheme} by {guide} ({self.pipeline.name})"

    def send(self, image: Photo, caption: str, mask: Mask, budget: Budget) -> Transmission:
        """Caption, edges, and the latents in all symbols that these leave.

        The caption is cut where it would take more than half of the symbols, the edges stay behind
        where they do not fit into that half; the mask is not looked at.

        Raises
        ------
        ValueError
            Image or mask is none, or not one symbol is left.
        FoundationError
            The autoencoder failed.
        """
        check_request(image, mask)
        half = replace(budget, symbols=int(budget.symbols * (1.0 - LATENT_SHARE)))
        text = half.fit(caption)
        bits = pack_mask(edge_cells(image)) if self.pipeline.by_outlines else b""
        if half.left(text, bits) < 0:
            bits = b""
        latents = self.pipeline.encode(image)
        symbols, scale = to_symbols(latents, budget.left(text, bits))
        # The design SNR has its place in the word, but this code is the same at any.
        height, width = mask.shape
        return Transmission(height, width, text, bits, symbols, SideInfo(scale, 0.0).pack())

    def receive(self, reception: Reception, seed: int = 0) -> Photo:
        """The latents denoised; see the head of this file.

        Raises
        ------
        ValueError
            No latents, or edges that are damaged.
        FoundationError
            The pipeline failed.
        """
        size = reception.height, reception.width
        scale = SideInfo.unpack(reception.aux).scale
        shape = self.pipeline.shape(*size)
        seen = of_symbols(reception.symbols, reception.noise_var, scale, shape)
        lines = unpack_cells(reception.bits, *size, EDGE_CELL) if reception.bits else None
        fill = np.random.default_rng(seed).standard_normal(shape)
        step = self.pipeline.step_of(float(seen.variance.max()))
        start = noisy_frequencies(seen, float(self.pipeline.levels[step]), fill)

        def hold(latents: Latents, level: float) -> Latents:
            """The frequencies that are less noisy than the step, as they were received."""
            held = seen.variance <= level
            if not held.any():
                return latents
            known = noisy_frequencies(seen, level, fill)
            return of_frequencies(np.where(held, known, to_frequencies(latents)))

        return self.pipeline.denoise(
            of_frequencies(start), step, reception.text, *size, hold, lines, seed
        )


def noisy_frequencies(seen: Observation, level: float, fill: Latents) -> Latents:
    """The observation with noise of variance ``level`` in every frequency that has less.

    Frequencies that have more, or of which nothing was seen, are drawn from what may be believed of
    them, a signal of variance one: at the noisiest step that is next to noise alone. ``fill`` is
    white noise of variance one.
    """
    belief = 1.0 / (1.0 + seen.variance)
    doubtful = seen.variance > level
    value = np.where(doubtful, belief * seen.value, seen.value)
    missing = np.where(doubtful, level + 1.0 - belief, level - seen.variance)
    return value + np.sqrt(missing) * fill


def edge_cells(image: Photo) -> Mask:
    """Squares of 4 pixels that one of Canny's edges goes through."""
    edges = canny(rgb2gray(image), sigma=EDGE_SMOOTHING)
    return cell_shares(edges, EDGE_CELL) > 0.0
