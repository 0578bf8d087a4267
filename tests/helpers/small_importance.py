"""Networks of importance small enough for a test, with random weights, stored like trained ones."""

from pathlib import Path

import torch

from gensc_models.semantics.importance import (
    Classifier,
    ClassifierConfig,
    SaliencyConfig,
    SaliencyNetwork,
)

CLASSES = ("goldfish", "black widow", "lighthouse")
CLASSIFIER = ClassifierConfig(CLASSES, stem=4, widths=(4, 8), blocks=(1, 1))
SALIENCY = SaliencyConfig(stem=4, widths=(4, 8), blocks=(1, 1), head=4, side=48)


def classifier() -> Classifier:
    torch.manual_seed(2)
    return Classifier(CLASSIFIER)


def saliency() -> SaliencyNetwork:
    torch.manual_seed(3)
    return SaliencyNetwork(SALIENCY)


def store(folder: Path) -> Path:
    """Both networks under the names of the shipped ones; GENSC_WEIGHTS may point to the folder."""
    classifier().save_pretrained(folder / "classifier-tiny-imagenet")
    saliency().save_pretrained(folder / "importance")
    return folder
