"""LPIPS is computed where its weights are; elsewhere the reason is one line."""

import sys
from types import ModuleType
from urllib.error import URLError

import numpy as np
import pytest
import torch
from torchvision.models import SqueezeNet1_1_Weights, squeezenet1_1

from gensc_models.metrics.lpips import load_lpips
from gensc_models.weights.hub import UnavailableError
from gsc_weights import pictures


@pytest.fixture(scope="module")
def lpips(tmp_path_factory):
    """With random weights of the smallest backbone where torchvision looks for the trained ones."""
    home = tmp_path_factory.mktemp("torch")
    folder = home / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.manual_seed(1)
    file = SqueezeNet1_1_Weights.IMAGENET1K_V1.url.rsplit("/", 1)[1]
    torch.save(squeezenet1_1().state_dict(), folder / file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_HOME", str(home))
        return load_lpips("squeeze")


def library(monkeypatch, metric):
    """A torchmetrics whose LPIPS is `metric`."""
    module = ModuleType("torchmetrics.image.lpip")
    module.LearnedPerceptualImagePatchSimilarity = metric
    monkeypatch.setitem(sys.modules, "torchmetrics.image.lpip", module)


def noisy(images, sigma):
    noise = np.random.default_rng(3).normal(0, sigma, images.shape)
    return np.clip(images + noise, 0, 255).astype(np.uint8)


def test_equal_images_have_no_distance_and_noise_adds_to_it(lpips):
    images = pictures(3)
    assert lpips(images, images).tolist() == [0, 0, 0]
    little, much = lpips(images, noisy(images, 5)), lpips(images, noisy(images, 50))
    assert (little > 0).all()
    assert (little < much).all()


def test_an_image_has_the_same_distance_alone_and_among_many(lpips):
    images = pictures(64)[:3].repeat(25, axis=0)
    distances = lpips(images, noisy(images, 20))
    assert distances.shape == (75,)
    assert distances.dtype == np.float64
    alone = lpips(images[70:71], noisy(images, 20)[70:71])
    assert distances[70] == pytest.approx(alone[0], rel=1e-4)


def test_the_name_says_which_backbone(lpips):
    assert lpips.name == "LPIPS (squeeze, torchmetrics)"


@pytest.mark.parametrize("shape", [(2, 32, 32, 3), (1, 32, 31, 3), (32, 32, 3)])
def test_stacks_of_different_shapes_are_refused(lpips, shape):
    with pytest.raises(ValueError, match="two stacks"):
        lpips(pictures(1), np.zeros(shape, np.uint8))


def test_networks_see_pixels_from_minus_one_to_one(monkeypatch):
    class Metric:
        def __init__(self, net_type):
            assert net_type == "alex"
            self.net = torch.nn.Module()
            self.net.forward = lambda a, b: (a - b).abs().mean(dim=(1, 2, 3), keepdim=True)

    library(monkeypatch, Metric)
    images = pictures(3)
    shown = images.copy()
    shown[1] = 255 - images[1]
    found = load_lpips()(images, shown)
    assert found[[0, 2]].tolist() == [0, 0]
    assert found[1] == pytest.approx(np.abs(2 * (images[1] / 127.5 - 1)).mean(), rel=1e-5)


def test_without_the_library_the_reason_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchmetrics.image.lpip", None)
    with pytest.raises(UnavailableError, match=r"^LPIPS needs torchmetrics and torchvision \("):
        load_lpips()


def test_weights_that_cannot_be_fetched_are_the_reason(monkeypatch):
    def metric(net_type):
        raise URLError("no\nnetwork")

    library(monkeypatch, metric)
    with pytest.raises(UnavailableError) as caught:
        load_lpips()
    assert str(caught.value) == (
        "the weights of LPIPS (alex) cannot be had; put torchvision's of alexnet into "
        "$TORCH_HOME/hub/checkpoints (<urlopen error no network>)"
    )
