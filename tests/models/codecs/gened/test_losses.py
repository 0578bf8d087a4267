"""The losses of GenED-SC."""

import numpy as np
import pytest
import torch

from gensc_models.codecs.gened import features
from gensc_models.codecs.gened.features import feature_network
from gensc_models.codecs.gened.losses import (
    LossWeights,
    contextual_loss,
    contextual_similarity,
    matching_loss,
    total_loss,
    weighted_mse,
)
from gensc_models.weights.hub import UnavailableError
from gensc_models.weights.store import WeightsError


def test_matching_asks_for_a_high_score_on_the_foreground_only() -> None:
    saliency = torch.zeros(1, 4, 4)
    saliency[:, :2] = 1.0
    right, everywhere = 8.0 * (2 * saliency - 1), torch.full((1, 4, 4), 8.0)
    assert matching_loss(right, saliency) < 1e-3
    assert matching_loss(everywhere, saliency) < 1e-3
    assert matching_loss(everywhere, saliency, elsewhere=1.0) > 3.0
    assert matching_loss(-right, saliency) > 7.0


def test_matching_of_a_photo_without_a_foreground_is_nothing_and_not_a_division_by_zero() -> None:
    assert matching_loss(torch.randn(1, 4, 4), torch.zeros(1, 4, 4)).item() == 0.0


def test_the_foreground_error_is_blind_elsewhere() -> None:
    image, saliency = torch.rand(2, 3, 8, 8), torch.zeros(2, 8, 8)
    saliency[:, 2:5, 3:7] = 1.0
    shown = image + 0.5 * (1 - saliency[:, None])
    assert weighted_mse(shown, image, saliency).max() < 1e-9
    torch.testing.assert_close(weighted_mse(image + 0.1, image, saliency), torch.full((2,), 0.01))


def test_the_contextual_loss_of_equal_images_is_zero_and_noise_costs() -> None:
    generator = torch.Generator().manual_seed(0)
    original = torch.rand(2, 6, 8, 8, generator=generator)
    saliency = torch.zeros(2, 32, 32)
    assert contextual_loss(original, original, saliency).abs().max() < 1e-6
    losses = [
        contextual_loss(
            original + s * torch.randn(original.shape, generator=generator), original, saliency
        ).mean()
        for s in (0.1, 0.5)
    ]
    assert 0.0 < losses[0] < losses[1]


def test_the_contextual_loss_does_not_mind_where_a_texture_lies_nor_what_the_foreground_shows() -> (
    None
):
    original = torch.rand(1, 6, 8, 8, generator=torch.Generator().manual_seed(0))
    order = torch.randperm(64, generator=torch.Generator().manual_seed(1))
    moved = original.flatten(2)[..., order].view_as(original)
    everywhere = torch.zeros(1, 8, 8)
    assert contextual_loss(moved, original, everywhere).abs().max() < 1e-5
    foreground = torch.ones(1, 8, 8)
    foreground[:, 4:] = 0.0
    changed = original.clone()
    changed[:, :, :4] += 3.0
    weighted = contextual_loss(changed, original, foreground)
    assert weighted < contextual_loss(changed, original, everywhere)


def test_the_contextual_loss_can_be_learned_from() -> None:
    original, shown = torch.rand(1, 6, 8, 8), torch.rand(1, 6, 8, 8, requires_grad=True)
    contextual_loss(shown, original, torch.zeros(1, 8, 8)).sum().backward()
    assert shown.grad.isfinite().all()
    assert shown.grad.any()


def test_similarity_is_one_for_a_feature_that_is_clearly_meant() -> None:
    features_ = torch.eye(5)
    assert contextual_similarity(features_, features_).min() > 0.99


def test_the_sum_weighs_its_parts_by_name() -> None:
    weights = LossWeights(matching=2.0, foreground=3.0, background=5.0, fidelity=0.0)
    parts = {"matching": torch.tensor([1.0, 3.0]), "background": torch.tensor([10.0])}
    assert total_loss(parts, weights).item() == pytest.approx(54.0)


def test_feature_networks_are_had_by_name_or_the_first_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_: object) -> None:
        raise UnavailableError("VGG-19 of torchvision cannot be had", "no network")

    def not_installed(name: str = "classifier-tiny-imagenet") -> None:
        raise WeightsError(f"no weights called '{name}'")

    monkeypatch.setattr(features, "vgg_features", missing)
    assert feature_network("none") is None
    with pytest.raises(UnavailableError, match="VGG-19"):
        feature_network("vgg19")
    with pytest.raises(WeightsError, match="no weights called 'absent'"):
        feature_network("absent")
    monkeypatch.setattr(features, "classifier_features", not_installed)
    assert feature_network("auto") is None
    own = features.FeatureNetwork("own", lambda images: images)
    monkeypatch.setattr(features, "classifier_features", lambda *_: own)
    assert feature_network("auto") is own


def test_vgg_that_cannot_be_fetched_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    models = pytest.importorskip("torchvision.models")

    def no_network(**_: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(models, "vgg19", no_network)
    with pytest.raises(UnavailableError, match=r"VGG-19 of torchvision cannot be had \(no route"):
        features.vgg_features()


def test_vgg_features_are_a_quarter_of_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    models = pytest.importorskip("torchvision.models")
    made = models.vgg19
    monkeypatch.setattr(models, "vgg19", lambda **_: made(weights=None, num_classes=2))
    network = features.vgg_features()
    assert network.name == "vgg19"
    image = torch.from_numpy(np.full((1, 3, 16, 24), 0.5, np.float32)).requires_grad_()
    found = network.features(image)
    assert found.shape == (1, 256, 4, 6)
    found.sum().backward()
    assert image.grad is not None
