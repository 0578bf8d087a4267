"""How well importance is predicted, beside a centre prior and a classical method."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from gensc.bench.gened.data import MarkedSet
from gensc.bench.gened.schemes import DualBranch
from gensc_models import WeightsError
from gensc_models.catalogue.importance import load_importance
from gensc_models.codecs.gened.measure import on_pixels
from gensc_models.metrics.importance import evaluate
from gensc_models.semantics.importance.classical import CentrePrior, SpectralResidual
from gensc_models.semantics.importance.maps import MappedPhoto
from gensc_models.semantics.importance.pixels import Map, Photo
from gensc_models.semantics.importance.sources import ImageImportance

EXPERIMENT = "importance"
LEARNED, CENTRE, SPECTRAL = "learned", CentrePrior().name, SpectralResidual().name


class ScoreMap:
    """The score map that a dual-branch transmitter routes by, a value per block."""

    def __init__(self, scheme: DualBranch) -> None:
        self.name = f"score map of {scheme.codec.name}"
        self._codec = scheme.codec

    def __call__(self, image: Photo) -> Map:
        """See `gensc_models.semantics.importance.sources.ImageImportance`."""
        height, width = image.shape[:2]
        score = self._codec.importance(image).score
        return on_pixels(score)[:height, :width].clip(0.0, 1.0)


def measure(
    photos: MarkedSet,
    schemes: Iterable[DualBranch],
    step: Callable[[str], None] = lambda note: None,
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """A row per source of importance, and why one is left out."""
    pairs = [MappedPhoto(image.name, image.photo, image.map) for image in photos.photos]
    sources: list[ImageImportance] = [CentrePrior(), SpectralResidual(), *map(ScoreMap, schemes)]
    missing = {}
    try:
        sources.insert(0, load_importance(LEARNED))
    except WeightsError as error:
        missing["learned importance"] = str(error)
    rows = []
    for source in sources:
        figures = asdict(evaluate(source, pairs))
        rows.append({"experiment": EXPERIMENT, "dataset": photos.title, **figures})
        step(f"importance: {source.name}")
    return rows, missing
