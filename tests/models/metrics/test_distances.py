"""Distances of sets of images: those that can be had, and why others cannot."""

import torch

from gensc_models.metrics import distances
from gensc_models.semantics.importance import Classifier, ClassifierConfig
from gensc_models.weights.hub import UnavailableError


def no_fid():
    raise UnavailableError("FID cannot be computed", "no network")


def test_what_cannot_be_had_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(distances, "load_fid", no_fid)
    monkeypatch.setenv("GENSC_WEIGHTS", str(tmp_path))
    torch.manual_seed(0)
    config = ClassifierConfig(("a", "b"), stem=4, widths=(6, 8), blocks=(1, 1))
    Classifier(config).save_pretrained(tmp_path / "classifier-tiny-imagenet")
    found, missing = distances.load_distances()
    assert ["classifier-tiny-imagenet" in metric.name for metric in found] == [True]
    assert missing == {"FID": "FID cannot be computed (no network)"}


def test_damaged_weights_of_the_classifier_are_told(monkeypatch, tmp_path):
    folder = tmp_path / "classifier-tiny-imagenet"
    folder.mkdir()
    (folder / "config.json").write_text("{")
    monkeypatch.setattr(distances, "load_fid", no_fid)
    monkeypatch.setenv("GENSC_WEIGHTS", str(tmp_path))
    found, missing = distances.load_distances()
    assert found == []
    assert set(missing) == {"FID", "distance by the classifier"}
