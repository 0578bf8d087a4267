"""Which parts of an image matter (GVIF-CIE, section III-A), and the network that tells classes.

A source is called with an image, uint8 H x W x 3, and returns its map, float32 H x W in [0, 1];
:func:`gensc_models.catalogue.importance.load_importance` has them by name.

:mod:`classifier` has the classifier, whose features also serve distances between images;
:mod:`saliency` the learned importance; :mod:`sources` what turns images into maps.
"""

from gensc_models.semantics.importance.classifier import Classifier, ClassifierConfig, Features
from gensc_models.semantics.importance.saliency import SaliencyConfig, SaliencyNetwork
from gensc_models.semantics.importance.sources import (
    BoxImportance,
    CamImportance,
    ImageImportance,
    LearnedImportance,
    PictureImportance,
)

__all__ = [
    "BoxImportance",
    "CamImportance",
    "Classifier",
    "ClassifierConfig",
    "Features",
    "ImageImportance",
    "LearnedImportance",
    "PictureImportance",
    "SaliencyConfig",
    "SaliencyNetwork",
]
