"""The choice of a source of importance by a line of text."""

from __future__ import annotations

from pathlib import Path

from gensc_models.semantics.importance.classifier import Classifier
from gensc_models.semantics.importance.saliency import DEFAULT, SaliencyNetwork
from gensc_models.semantics.importance.sources import (
    BoxImportance,
    CamImportance,
    ImageImportance,
    LearnedImportance,
    PictureImportance,
)
from gensc_models.weights import store as weights

KINDS = ("learned", "cam", "resnet50", "box")
CHOICES = "learned, cam, cam:CLASS, resnet50, resnet50:CLASS, box:X,Y,W,H, a greyscale picture"


def load_importance(text: str) -> ImageImportance:
    """The source that a line of text names.

    Parameters
    ----------
    text : one of

        - ``learned`` (``learned:NAME`` for other weights than the shipped ones),
        - ``cam``: class activation map of the project's classifier for its first guess,
        - ``cam:CLASS``: the same for a class by name or number,
        - ``resnet50``, ``resnet50:CLASS``: the same with torchvision's ResNet-50,
        - ``box:X,Y,W,H`` in pixels,
        - a greyscale picture, white where it matters.

    Raises
    ------
    WeightsError
        The network's weights are not there.
    ValueError
        None of these, or an unknown class, or a file that is no picture; one line.
    """
    kind, _, rest = text.partition(":")
    if kind == "learned":
        return LearnedImportance(SaliencyNetwork.from_pretrained(rest or DEFAULT))
    if kind == "cam":
        return CamImportance(Classifier.from_pretrained(), rest)
    if kind == "resnet50":
        from gensc_models.semantics.importance.resnet50 import load_resnet50

        return CamImportance(load_resnet50(), rest, "resnet50")
    if kind == "box":
        return _box(rest)
    if not names_a_source(text):
        raise ValueError(f"importance '{text}': none of {CHOICES}")
    return PictureImportance.from_file(Path(text))


def names_a_source(text: str) -> bool:
    """Whether :func:`load_importance` knows what the text means; it may be refused all the same."""
    return text.partition(":")[0] in KINDS or Path(text).is_file()


def learned_is_installed() -> bool:
    """Whether the weights of the default source are there."""
    try:
        weights.locate(DEFAULT)
    except weights.WeightsError:
        return False
    return True


def _box(text: str) -> BoxImportance:
    try:
        x, y, width, height = map(int, text.split(","))
    except ValueError as error:
        raise ValueError(f"'box:{text}': expected box:X,Y,W,H in whole pixels") from error
    return BoxImportance(x, y, width, height)
