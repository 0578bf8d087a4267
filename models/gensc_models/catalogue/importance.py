"""Sources of importance by name."""

from __future__ import annotations

from pathlib import Path

from gensc_models.catalogue import plugins
from gensc_models.catalogue.plugins import IMPORTANCE
from gensc_models.semantics.importance.classifier import Classifier
from gensc_models.semantics.importance.plugged import PluggedImportance
from gensc_models.semantics.importance.saliency import DEFAULT, SaliencyNetwork
from gensc_models.semantics.importance.sources import (
    BoxImportance,
    CamImportance,
    ImageImportance,
    LearnedImportance,
    PictureImportance,
)
from gensc_models.weights import store as weights
from gensc_models.weights.hub import UnavailableError

KINDS = ("learned", "cam", "efficientnet", "resnet50", "box")
CHOICES = (
    "learned, cam[:CLASS], efficientnet[:CLASS], resnet50[:CLASS], box:X,Y,W,H, a greyscale picture"
)


def load_importance(text: str) -> ImageImportance:
    """The source that a line of text names.

    Parameters
    ----------
    text : one of

        - ``learned`` (``learned:NAME`` for other weights than the shipped ones),
        - ``cam``: class activation map of the project's classifier for its first guess,
        - ``cam:CLASS``: the same for a class by name or number,
        - ``efficientnet``, ``efficientnet:CLASS``: the same with EfficientNet-lite0, which knows
          1000 classes (extra ``pretrained``),
        - ``resnet50``, ``resnet50:CLASS``: the same with torchvision's ResNet-50,
        - ``box:X,Y,W,H`` in pixels,
        - a greyscale picture, white where it matters,
        - ``path/to/file.py:NAME`` or an entry point ``gensc.importance`` of an installed package.

    Raises
    ------
    WeightsError
        The network's weights are not there.
    ValueError
        None of these, or an unknown class, or a file that is no picture; one line.
    """
    if plugins.names_one(IMPORTANCE, text):
        made = plugins.load(IMPORTANCE, text)
        return PluggedImportance(made, plugins.short(text), plugins.reason)
    kind, _, rest = text.partition(":")
    if kind == "learned":
        return LearnedImportance(SaliencyNetwork.from_pretrained(rest or DEFAULT))
    if kind == "cam":
        return CamImportance(Classifier.from_pretrained(), rest)
    if kind == "efficientnet":
        from gensc_models.semantics.importance.efficientnet import load_efficientnet

        try:
            return CamImportance(load_efficientnet(), rest, "efficientnet")
        except UnavailableError as error:
            raise weights.WeightsError(str(error)) from error
    if kind == "resnet50":
        from gensc_models.semantics.importance.resnet50 import load_resnet50

        return CamImportance(load_resnet50(), rest, "resnet50")
    if kind == "box":
        return _box(rest)
    if not names_a_source(text):
        raise ValueError(f"importance '{text}': none of {choices()}")
    return PictureImportance.from_file(Path(text))


def names_a_source(text: str) -> bool:
    """Whether :func:`load_importance` knows what the text means; it may be refused all the same."""
    known = text.partition(":")[0] in KINDS or plugins.names_one(IMPORTANCE, text)
    return known or Path(text).is_file()


def choices() -> str:
    """What there is to choose from, in a line."""
    return ", ".join([CHOICES, "file.py:NAME", *plugins.installed(IMPORTANCE)])


def learned_is_installed() -> bool:
    """Whether the weights of the default source are there."""
    return weights.is_there(DEFAULT)


def _box(text: str) -> BoxImportance:
    try:
        x, y, width, height = map(int, text.split(","))
    except ValueError as error:
        raise ValueError(f"'box:{text}': expected box:X,Y,W,H in whole pixels") from error
    return BoxImportance(x, y, width, height)
