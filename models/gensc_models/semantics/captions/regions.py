"""An image as a few areas of one colour each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import graph
from skimage.color import rgb2lab
from skimage.measure import label
from skimage.segmentation import felzenszwalb

# Areas are described, not outlined: more pixels would only take longer.
SIDE = 96
# Felzenszwalb and Huttenlocher's scale: larger makes larger segments.
SCALE = 60.0
# Neighbouring segments nearer than this in CIELAB are one area.
MERGE = 14.0
LEAST_SHARE = 0.015


@dataclass(frozen=True)
class Region:
    """One area of an image.

    Attributes
    ----------
    share
        Of the image's pixels, 0 to 1.
    lab
        Mean colour in CIELAB.
    row, column
        Centre of gravity, 0 (top, left) to 1 (bottom, right).
    border
        Share of the image's border that the area touches, 0 to 1.
    """

    share: float
    lab: NDArray[np.float64]
    row: float
    column: float
    border: float


def find_regions(image: NDArray[np.uint8]) -> list[Region]:
    """Connected areas of similar colour in uint8 ``H x W x 3``, largest first; at least one.

    Graph-based segmentation (Felzenszwalb and Huttenlocher 2004), then merging of neighbours of
    similar mean colour. Deterministic.
    """
    lab = rgb2lab(_small(image))
    segments = felzenszwalb(lab / 100.0, scale=SCALE, sigma=0.8, min_size=8, channel_axis=2)
    if segments.max() > 0:
        adjacency = graph.rag_mean_color(lab, segments)
        segments = graph.merge_hierarchical(
            segments,
            adjacency,
            thresh=MERGE,
            rag_copy=False,
            in_place_merge=True,
            merge_func=_merge,
            weight_func=_distance,
        )
    labels = label(segments, background=-1, connectivity=1)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    height, width = labels.shape
    found = []
    for number in range(1, labels.max() + 1):
        rows, columns = np.nonzero(labels == number)
        found.append(
            Region(
                share=rows.size / labels.size,
                lab=lab[rows, columns].mean(axis=0),
                row=float((rows.mean() + 0.5) / height),
                column=float((columns.mean() + 0.5) / width),
                border=float(np.mean(edge == number)),
            )
        )
    found.sort(key=lambda region: -region.share)
    return [found[0], *(region for region in found[1:] if region.share >= LEAST_SHARE)]


def _merge(adjacency: graph.RAG, source: int, target: int) -> None:
    """The joint colour of two segments, so that a gradient does not make one area of everything."""
    one, other = adjacency.nodes[source], adjacency.nodes[target]
    for key in ("total color", "pixel count"):
        other[key] = other[key] + one[key]
    other["mean color"] = other["total color"] / other["pixel count"]


def _distance(adjacency: graph.RAG, source: int, target: int, neighbour: int) -> dict[str, float]:
    """How far a merged segment's colour is from a neighbour's."""
    colours = (adjacency.nodes[node]["mean color"] for node in (target, neighbour))
    return {"weight": float(np.linalg.norm(np.subtract(*colours)))}


def _small(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))
