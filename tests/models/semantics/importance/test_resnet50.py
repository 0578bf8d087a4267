"""gensc_models.semantics.importance.resnet50: class activation maps of torchvision's networks."""

import sys
from urllib.error import URLError

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from gensc_models import WeightsError
from gensc_models.catalogue.importance import load_importance
from gensc_models.semantics.importance.resnet50 import load_resnet50
from pdu_blocks import smooth_image


@pytest.fixture(scope="module")
def tiny():
    """One narrow bottleneck per layer, three classes, random weights."""
    from torchvision.models import ResNet
    from torchvision.models.resnet import Bottleneck

    torch.manual_seed(5)
    return ResNet(Bottleneck, [1, 1, 1, 1], num_classes=3, width_per_group=4).eval()


@pytest.fixture
def stored(tiny, tmp_path):
    path = tmp_path / "tiny.pth"
    torch.save(tiny.state_dict(), path)
    return path


@torch.inference_mode()
def test_maps_and_scores_are_those_of_the_network(tiny, stored):
    images = torch.rand(2, 3, 64, 96)
    model = load_resnet50(stored)
    maps, scores = model.activation(images)
    assert maps.shape == (2, 3, 2, 3)
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    torch.testing.assert_close(scores, tiny((images - mean) / deviation), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(maps.mean(dim=(2, 3)) + tiny.fc.bias, scores, atol=1e-4, rtol=1e-4)


def test_both_file_formats_are_read(tiny, stored, tmp_path):
    save_file(tiny.state_dict(), tmp_path / "tiny.safetensors")
    images = torch.rand(1, 3, 32, 32)
    with torch.inference_mode():
        first = load_resnet50(stored).activation(images).maps
        second = load_resnet50(tmp_path / "tiny.safetensors").activation(images).maps
    torch.testing.assert_close(first, second)


def test_the_environment_names_the_file_for_the_choice_by_text(stored, monkeypatch):
    monkeypatch.setenv("GENSC_RESNET50", str(stored))
    source = load_importance("resnet50:class 2")
    assert source.name == "resnet50 of class 2"
    values = source(smooth_image(40, 60, 1))
    assert values.shape == (40, 60)
    assert (values.min(), values.max()) >= (0, 0)
    assert np.ptp(values) > 0.3


def refused(path=None):
    with pytest.raises(WeightsError) as error:
        load_resnet50(path)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_where_the_weights_cannot_be_had_one_line_says_what_to_do(monkeypatch):
    def unreachable(*_, **__):
        raise URLError("no route to host")

    monkeypatch.delenv("GENSC_RESNET50", raising=False)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", unreachable)
    line = refused()
    assert "no route to host" in line
    assert "set GENSC_RESNET50 to the file" in line


def test_without_torchvision_one_line_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    assert "gr-gensc[foundation]" in refused()


def test_files_that_hold_no_such_network_are_named(tiny, tmp_path):
    assert "nowhere.pth" in refused(tmp_path / "nowhere.pth")
    for name, content in (("torn.pth", b"torn"), ("torn.safetensors", b"torn")):
        (tmp_path / name).write_bytes(content)
        assert name in refused(tmp_path / name)
    other = {key: value for key, value in tiny.state_dict().items() if "layer3" not in key}
    for name, content in (("other.pth", other), ("list.pth", [1, 2])):
        torch.save(content, tmp_path / name)
        assert f"{name} holds no such network" in refused(tmp_path / name)
