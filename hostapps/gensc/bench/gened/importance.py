"""How well importance is predicted, beside a centre prior and a classical method."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from gensc.experiment.marked import MarkedSet
from gensc.experiment.rows import Row
from gensc_models import WeightsError
from gensc_models.catalogue.importance import load_importance
from gensc_models.codecs.gened.codec import GenedCodec
from gensc_models.codecs.gened.measure import ScoreMap
from gensc_models.metrics.importance import evaluate
from gensc_models.semantics.importance.classical import CentrePrior, SpectralResidual
from gensc_models.semantics.importance.maps import MappedPhoto
from gensc_models.semantics.importance.sources import ImageImportance

LEARNED, CENTRE, SPECTRAL = "learned", CentrePrior().name, SpectralResidual().name


def measure(
    photos: MarkedSet, codecs: Iterable[GenedCodec], left_out: dict[str, str]
) -> Iterator[Row]:  # fmt: skip
    """A row per source of importance; why one is missing goes into `left_out`."""
    pairs = [MappedPhoto(image.name, image.pixels, image.map) for image in photos.photos]
    sources: list[ImageImportance] = [CentrePrior(), SpectralResidual()]
    sources += map(ScoreMap, codecs)
    try:
        sources.insert(0, load_importance(LEARNED))
    except WeightsError as error:
        left_out["learned importance"] = str(error)
    for source in sources:
        figures = asdict(evaluate(source, pairs))
        yield {"experiment": "importance", "dataset": photos.title, **figures}
