"""The classifier: what it learns, packs that do not serve, crops."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gensc_models.data.jpeg_pack import JpegPack
from gensc_models.metrics.accuracy import accuracy
from gensc_models.semantics.importance import Classifier
from gensc_models.training.recipes.classifier import batches, random_crops
from small_importance import CLASSES
from small_packs import write_pack
from small_training import prepared, store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store(tmp_path_factory.mktemp("training"))


def test_it_learns_and_the_card_says_how_well(folder: Path, tmp_path: Path) -> None:
    run = prepared("classifier", folder, tmp_path, max_steps=60, precision="bfloat16")
    weights = run.train()
    network = Classifier.from_pretrained(weights)
    assert network.classes == CLASSES
    images = np.zeros((3, 24, 24, 3), np.uint8)
    images[np.arange(3), :, :, np.arange(3)] = 200
    assert accuracy(network, JpegPack(images, np.arange(3), CLASSES))["top1"] == 1.0
    card = (weights / "README.md").read_text()
    assert "| accuracy | top1 | " in card
    assert "| largest value in the object's box | middle | 1 |" in card


def test_packs_that_do_not_serve_are_named(folder: Path, tmp_path: Path) -> None:
    nameless = write_pack(
        tmp_path / "nameless.npz", np.zeros((20, 24, 24, 3), np.uint8), np.zeros(20)
    )
    out = tmp_path / "run"
    with pytest.raises(ValueError, match=r"nameless\.npz: does not name its classes"):
        prepared("classifier", folder, out, data=nameless)
    with pytest.raises(ValueError, match=r"nameless\.npz: of other classes"):
        prepared("classifier", folder, out, f"validation={nameless}")
    with pytest.raises(ValueError, match="less than one batch"):
        prepared("classifier", folder, out, "batch=41")
    with pytest.raises(ValueError, match="takes one pack"):
        prepared("classifier", folder, out, data=folder / "photos")
    with pytest.raises(ValueError, match="is for photos"):
        prepared("classifier", folder, out, exclude_prefix=("test_",))


def test_the_pictures_grow_as_the_time_passes(folder: Path, tmp_path: Path) -> None:
    sizes = "sizes=((0.0,32),(0.5,48),(0.9,64))"
    recipe = prepared("classifier", folder, tmp_path, sizes).recipe
    assert [recipe.size(t) for t in (0.0, 0.49, 0.5, 0.95, 1.0)] == [32, 32, 48, 64, 64]


def chance(count: int) -> torch.Tensor:
    return torch.rand(5, count, generator=torch.Generator().manual_seed(1))


def test_crops_show_parts_of_their_own_image_only():
    images = torch.arange(1.0, 4.0)[:, None, None, None].expand(3, 3, 20, 20)
    crops = random_crops(images, 12, 0.3, chance(len(images)))
    assert crops.shape == (3, 3, 12, 12)
    torch.testing.assert_close(crops, images[..., :12, :12])


def test_crops_differ_in_size_place_and_direction():
    ramp = torch.linspace(0, 1, 64).expand(64, 3, 64, 64)
    crops = random_crops(ramp, 32, 0.25, chance(len(ramp)))
    left, right = crops[:, 0, 16, 0], crops[:, 0, 16, -1]
    assert 0.2 < (left > right).float().mean() < 0.8
    width = (left - right).abs()
    assert width.min() > 0.35
    assert width.max() > 0.9


def test_an_epoch_has_every_image_once():
    plain = JpegPack(np.zeros((6, 4, 4, 3), np.uint8), np.arange(6), ())
    source = batches(plain, 2, torch.Generator().manual_seed(1))
    epochs = [sorted(int(n) for _ in range(3) for n in next(source)[1]) for _ in range(2)]
    assert epochs == [list(range(6))] * 2
