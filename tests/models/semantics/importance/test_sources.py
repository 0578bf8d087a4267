"""gensc_models.semantics.importance: maps of an image from networks and from the user, chosen by
text.
"""

import json
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gensc_models import WeightsError
from gensc_models.catalogue.importance import learned_is_installed, load_importance
from gensc_models.semantics.importance import (
    BoxImportance,
    CamImportance,
    LearnedImportance,
)
from gensc_models.semantics.importance.pixels import scaled, unit_range
from gensc_models.semantics.importance.sources import class_index
from pdu_blocks import smooth_image
from small_importance import CLASSES, classifier, saliency, store

NETWORKS = [LearnedImportance(saliency()), CamImportance(classifier())]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The two small networks, under the names of the shipped ones."""
    monkeypatch.setenv("GENSC_WEIGHTS", str(store(tmp_path / "weights")))
    return tmp_path / "weights"


# ---------------------------------------------------------------- networks


@pytest.mark.parametrize("source", NETWORKS, ids=lambda source: source.name)
@given(height=st.integers(1, 90), width=st.integers(1, 90))
@settings(max_examples=12, deadline=None)
def test_any_image_gets_a_map_of_its_own_size_from_0_to_1(source, height, width):
    values = source(smooth_image(height, width, 1))
    assert values.shape == (height, width)
    assert values.dtype == np.float32
    assert values.min() >= 0
    assert values.max() <= 1


@pytest.mark.parametrize("source", NETWORKS, ids=lambda source: source.name)
def test_equal_images_have_equal_maps_and_others_have_others(source):
    image = smooth_image(48, 64, 1)
    np.testing.assert_array_equal(source(image), source(image.copy()))
    assert np.abs(source(image) - source(image[::-1].copy())).max() > 1e-3


@pytest.mark.parametrize("source", [*NETWORKS, BoxImportance(0, 0, 4, 4)], ids=lambda s: s.name)
@pytest.mark.parametrize("image", [np.zeros((8, 8), np.uint8), np.zeros((8, 8, 3), np.float32)])
def test_what_is_no_image_is_refused(source, image):
    with pytest.raises(ValueError, match="expected uint8 HxWx3"):
        source(image)


@torch.inference_mode()
def test_the_mean_of_a_class_activation_map_is_the_score_of_its_class():
    network = classifier()
    images = torch.rand(2, 3, 40, 56)
    maps, scores = network.activation(images)
    assert maps.shape == (2, len(CLASSES), 5, 7)
    torch.testing.assert_close(maps.mean(dim=(2, 3)), scores)
    torch.testing.assert_close(scores, network(images))


@torch.inference_mode()
def test_without_a_class_the_map_is_that_of_the_largest_probability():
    image = smooth_image(64, 64, 4)
    probabilities = CamImportance(classifier()).probabilities(image)
    assert sum(probabilities.values()) == pytest.approx(1.0)
    best = next(iter(probabilities))
    assert probabilities[best] == max(probabilities.values())
    of_best = CamImportance(classifier(), best)(image)
    np.testing.assert_array_equal(CamImportance(classifier())(image), of_best)
    others = [CamImportance(classifier(), name)(image) for name in probabilities if name != best]
    assert all(np.abs(of_best - other).max() > 1e-3 for other in others)


@torch.inference_mode()
def test_features_are_three_levels_and_the_mean_of_the_last():
    features = classifier().features(torch.rand(2, 3, 64, 32))
    shapes = [tuple(level.shape) for level in features.levels]
    assert shapes == [(2, 4, 32, 16), (2, 4, 16, 8), (2, 8, 8, 4)]
    assert all((level >= 0).all() for level in features.levels)
    torch.testing.assert_close(features.pooled, features.levels[-1].mean(dim=(2, 3)))


def test_features_carry_gradients_to_the_image():
    images = torch.rand(1, 3, 32, 32, requires_grad=True)
    classifier().features(images).pooled.sum().backward()
    assert images.grad.abs().sum() > 0


def test_networks_survive_their_weights_folder(installed):
    image = smooth_image(48, 64, 1)
    for text, source in zip(("learned", "cam"), NETWORKS, strict=True):
        np.testing.assert_allclose(load_importance(text)(image), source(image), atol=5e-3)


def test_weights_of_another_kind_are_refused_by_name(installed):
    path = installed / "classifier-tiny-imagenet"
    with pytest.raises(WeightsError, match=r"classifier-tiny-imagenet.*kind 'classifier'"):
        load_importance(f"learned:{path}")


def test_a_config_that_cannot_be_is_refused_by_name(installed):
    path = installed / "importance" / "config.json"
    config = json.loads(path.read_text())
    config["network"]["widths"] = [4]
    path.write_text(json.dumps(config))
    with pytest.raises(WeightsError, match=r"'importance'.*widths \(4,\)"):
        load_importance("learned")


# ---------------------------------------------------------------- the user's


def test_a_box_is_1_inside_and_0_outside():
    values = BoxImportance(2, 1, 3, 2)(np.zeros((5, 6, 3), np.uint8))
    assert np.argwhere(values == 1).tolist() == [[r, c] for r in (1, 2) for c in (2, 3, 4)]
    assert values.sum() == 6


def test_a_box_is_cut_at_the_edge_and_refused_outside():
    image = np.zeros((5, 6, 3), np.uint8)
    assert BoxImportance(4, 3, 100, 100)(image).sum() == 4
    with pytest.raises(ValueError, match="outside of an image of 6x5"):
        BoxImportance(6, 0, 1, 1)(image)


def test_a_picture_is_stretched_to_the_image(tmp_path):
    path = tmp_path / "mask.png"
    Image.fromarray(np.array([[0, 255]], np.uint8)).save(path)
    values = load_importance(str(path))(np.zeros((4, 8, 3), np.uint8))
    assert values.shape == (4, 8)
    assert (values[:, 0] == 0).all()
    assert (values[:, -1] == 1).all()
    assert (np.diff(values, axis=1) >= 0).all()


# ---------------------------------------------------------------- the choice


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("learned", "learned"),
        ("cam", "cam"),
        ("cam:black widow", "cam of black widow"),
        ("cam:2", "cam of lighthouse"),
        ("box:1,2,3,4", "box 1,2,3,4"),
    ],
)
def test_a_line_of_text_names_the_source(installed, text, name):
    assert load_importance(text).name == name


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("guess", "none of learned, cam"),
        ("cam:goldfsh", "no class 'goldfsh' among 0 … 2; near it: goldfish"),
        ("cam:3", "no class '3'"),
        ("box:1,2,3", "X,Y,W,H"),
        ("box:1,2,0,3", "size must be positive"),
        ("box:-1,2,3,3", "corner not negative"),
        ("learned:nobody", "no weights called 'nobody'"),
    ],
)
def test_mistakes_are_one_line_that_names_them(installed, text, named):
    with pytest.raises(ValueError, match=re.escape(named)) as refused:
        load_importance(text)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_picture_is_named(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"bad\.png"):
        load_importance(str(tmp_path / "bad.png"))


def test_it_is_known_whether_the_default_is_installed(installed, monkeypatch):
    assert learned_is_installed()
    monkeypatch.setattr("gensc_models.weights.store.search_folders", list)
    assert not learned_is_installed()


def test_class_names_are_found_in_any_case():
    assert class_index(" Black WIDOW", CLASSES) == 1


# ---------------------------------------------------------------- pixels


def test_images_are_scaled_by_their_longer_side_but_not_to_a_thread():
    assert scaled(np.zeros((100, 200, 3), np.uint8), 64).shape == (1, 3, 32, 64)
    assert scaled(np.zeros((2, 200, 3), np.uint8), 64).shape == (1, 3, 16, 64)


def test_a_map_without_differences_is_1_everywhere():
    assert unit_range(torch.full((2, 2), -0.3)).tolist() == [[1, 1], [1, 1]]
    assert unit_range(torch.tensor([[-1.0, 3.0]])).tolist() == [[0, 1]]
