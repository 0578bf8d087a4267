"""Which parts of an image matter (GVIF-CIE, section III-A), and the network that tells classes.

>>> importance = load_importance("learned")
>>> values = importance(photo)  # uint8 H x W x 3 to float32 H x W in [0, 1]

:mod:`classifier` has the classifier, whose features also serve distances between images;
:mod:`saliency` the learned importance; :mod:`sources` what turns images into maps.
"""

from gensc_models.semantics.importance.choice import (
    CHOICES,
    learned_is_installed,
    load_importance,
    names_a_source,
)
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
    "CHOICES",
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
    "learned_is_installed",
    "load_importance",
    "names_a_source",
]
