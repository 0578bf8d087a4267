"""LPIPS is used where it can be had; elsewhere the reason is one line."""

import sys
from types import ModuleType
from urllib.error import URLError

import numpy as np
import pytest
import torch
from gensc_host.bench.gsc_perceptual import load_lpips

from gsc_weights import pictures


def library(monkeypatch, metric):
    """A torchmetrics whose LPIPS is `metric`."""
    module = ModuleType("torchmetrics.image.lpip")
    module.LearnedPerceptualImagePatchSimilarity = metric
    for name in ("torchmetrics", "torchmetrics.image"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "torchmetrics.image.lpip", module)


def test_distance_is_one_number_per_image_of_pixels_from_minus_one_to_one(monkeypatch):
    class Metric:
        def __init__(self, net_type):
            assert net_type == "alex"

        @staticmethod
        def net(a, b):
            assert a.shape[1:] == (3, 32, 32)
            assert a.min() >= -1
            assert b.max() <= 1
            return (a - b).abs().mean(dim=(1, 2, 3), keepdim=True)

    library(monkeypatch, Metric)
    distance, name = load_lpips()
    images = pictures(3)
    shown = images.copy()
    shown[1] = 255 - images[1]
    found = distance(images, shown)
    assert found.shape == (3,)
    assert found[[0, 2]].tolist() == [0, 0]
    assert found[1] == pytest.approx(np.abs(2 * (images[1] / 127.5 - 1)).mean(), rel=1e-5)
    assert name == "LPIPS (alex, torchmetrics)"
    assert not torch.is_inference_mode_enabled()


def test_without_the_library_the_reason_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchmetrics.image.lpip", None)
    distance, reason = load_lpips()
    assert distance is None
    assert reason.startswith("LPIPS needs torchmetrics and torchvision")
    assert "\n" not in reason


def test_weights_that_cannot_be_fetched_are_the_reason(monkeypatch):
    def metric(net_type):
        raise URLError("no\nnetwork")

    library(monkeypatch, metric)
    distance, reason = load_lpips()
    assert distance is None
    assert reason == "the weights of LPIPS (alex) cannot be had (<urlopen error no network>)"
