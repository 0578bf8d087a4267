"""Distances of sets of images: by patches and the classifier's features, and FID by its library."""

import numpy as np
import pytest
import torch
from skimage.data import astronaut, chelsea, coffee

from gensc_models.metrics import fid
from gensc_models.metrics.patch_distance import PATCH, PatchDistance, patches
from gensc_models.semantics.importance import Classifier, ClassifierConfig
from gensc_models.weights.hub import UnavailableError

PHOTOS = [astronaut()[:192, 100:300], chelsea()[:200, :256], coffee()[100:300, 100:356]]


@pytest.fixture(scope="module")
def distance():
    torch.manual_seed(0)
    config = ClassifierConfig(("a", "b"), stem=4, widths=(6, 8), blocks=(1, 1))
    return PatchDistance(Classifier(config, "small"))


def test_an_image_is_cut_into_whole_patches():
    found = patches(PHOTOS[0])
    assert found.shape == (9, 3, PATCH, PATCH)
    np.testing.assert_array_equal(
        (255 * found[4]).round().permute(1, 2, 0).numpy(), PHOTOS[0][64:128, 64:128]
    )


def test_a_set_is_at_no_distance_from_itself_in_any_order(distance):
    assert distance(PHOTOS, PHOTOS[::-1]) == pytest.approx(0.0, abs=1e-6)
    assert "small" in distance.name


def test_more_noise_is_farther_away(distance):
    random = np.random.default_rng(0)
    noisy = [
        [np.clip(p + random.normal(0, sigma, p.shape), 0, 255).astype(np.uint8) for p in PHOTOS]
        for sigma in (5, 20, 60)
    ]
    found = [distance(PHOTOS, shown) for shown in noisy]
    assert found == sorted(found)
    assert found[0] > 0


def test_images_without_a_patch_are_refused(distance):
    with pytest.raises(ValueError, match="holds no patch"):
        patches(PHOTOS[0][:63])
    with pytest.raises(ValueError, match="no images"):
        distance([], PHOTOS)


class Recorder(torch.nn.Module):
    """What torchmetrics offers, as far as FID uses it."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def reset(self):
        self.seen = []

    def update(self, images, real):
        self.seen.append((tuple(images.shape), images.dtype, real))

    def compute(self):
        return torch.tensor(float(len(self.seen)))


def test_fid_shows_the_network_every_image_on_its_side():
    metric = Recorder()
    assert fid.Fid(metric)(PHOTOS, PHOTOS[:2]) == 5.0
    assert metric.seen[0] == ((1, 3, 192, 200), torch.uint8, True)
    assert [real for _, _, real in metric.seen] == [True, True, True, False, False]


def test_fid_that_cannot_be_had_is_one_line(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "torchmetrics.image.fid", None)
    with pytest.raises(UnavailableError, match="FID cannot be computed") as refused:
        fid.load_fid()
    assert "\n" not in str(refused.value)
