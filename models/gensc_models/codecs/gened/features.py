"""Networks whose features the background's contextual loss compares (Eq. 23)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gensc_models.semantics.importance.classifier import DEFAULT as CLASSIFIER
from gensc_models.semantics.importance.classifier import Classifier
from gensc_models.weights.hub import UnavailableError
from gensc_models.weights.store import WeightsError

# conv3_2 of VGG-19, a quarter of the resolution.
VGG_LAYERS = 14
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class FeatureNetwork:
    """A frozen network; ``name`` says in logs and cards which."""

    name: str
    features: Callable[[Tensor], Tensor]


def vgg_features() -> FeatureNetwork:
    """VGG-19 with torchvision's ImageNet weights.

    Raises
    ------
    UnavailableError
        torchvision is missing, or its weights are neither here nor to be fetched.
    """
    try:
        from torchvision.models import VGG19_Weights, vgg19

        layers = vgg19(weights=VGG19_Weights.IMAGENET1K_V1, progress=False).features[:VGG_LAYERS]
    except (ImportError, RuntimeError, OSError) as error:
        raise UnavailableError("VGG-19 of torchvision cannot be had", error) from error
    layers = layers.eval().requires_grad_(False)
    mean, deviation = (
        torch.tensor(values)[:, None, None] for values in (IMAGENET_MEAN, IMAGENET_DEVIATION)
    )
    return FeatureNetwork("vgg19", lambda images: layers((images - mean) / deviation))


def classifier_features(name: str = CLASSIFIER) -> FeatureNetwork:
    """The project's own classifier, at a quarter of the resolution.

    Raises
    ------
    WeightsError
        It is not installed.
    """
    classifier = Classifier.from_pretrained(name).eval().requires_grad_(False)
    return FeatureNetwork(name, lambda images: classifier.features(images).levels[1])


def feature_network(name: str) -> FeatureNetwork | None:
    """``vgg19``, ``none``, the name of a classifier, or ``auto``: the first that can be had.

    Raises
    ------
    UnavailableError, WeightsError
        The one that is named cannot be had.
    """
    if name == "none":
        return None
    if name == "vgg19":
        return vgg_features()
    if name != "auto":
        return classifier_features(name)
    try:
        return vgg_features()
    except UnavailableError:
        pass
    try:
        return classifier_features()
    except WeightsError:
        return None
