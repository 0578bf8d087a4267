"""The learned importance: where it starts, what it learns, what it is shown."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gensc_models.semantics.importance import Classifier
from gensc_models.semantics.importance.maps import load_mapped
from gensc_models.training.recipes.importance import MappedSampler, saliency_losses
from small_importance import CLASSIFIER
from small_training import prepared, store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store(tmp_path_factory.mktemp("training"))


@pytest.fixture
def discs(tmp_path: Path) -> Path:
    """Photos of a bright disc on dark ground, and maps of where it is."""
    for name in ("images", "maps"):
        (tmp_path / name).mkdir()
    rows, columns = np.mgrid[:60, :90]
    for n in range(6):
        disc = np.hypot(rows - 20 - 4 * n, columns - 30 - 5 * n) < 16
        photo = np.repeat(np.where(disc, 210, 50)[..., None], 3, axis=2).astype(np.uint8)
        Image.fromarray(photo).save(tmp_path / "images" / f"p{n}.png")
        Image.fromarray((255 * disc).astype(np.uint8)).save(tmp_path / "maps" / f"p{n}.png")
    return tmp_path


def test_it_learns_from_a_classifier_on(folder: Path, discs: Path) -> None:
    more = (f"maps={discs / 'maps'}", f"start={folder / 'classifier'}", "backbone_share=1")
    run = prepared("importance", folder, discs / "run", *more, data=discs / "images", max_steps=60)
    run.train()
    lines = (discs / "run" / "log.jsonl").read_text().splitlines()
    first, last = (json.loads(line)["validation"]["mean absolute error"] for line in lines)
    assert last["coarse"] < 0.6 * first["coarse"]


def test_it_starts_with_the_classifiers_backbone(folder: Path, tmp_path: Path) -> None:
    more = (f"start={folder / 'classifier'}", "backbone_share=0")
    run = prepared("importance", folder, tmp_path, *more, max_steps=2)
    run.train()
    stored = Classifier.from_pretrained(folder / "classifier").state_dict()
    for name, tensor in stored.items():
        if not name.startswith("linear."):
            found = run.network.state_dict()[f"backbone.{name}"]
            torch.testing.assert_close(found, tensor, atol=1e-3, rtol=1e-3)


def test_a_classifier_with_another_backbone_is_refused(folder: Path, tmp_path: Path) -> None:
    assert CLASSIFIER.stem != 8
    with pytest.raises(ValueError, match="another backbone"):
        prepared("importance", folder, tmp_path, f"start={folder / 'classifier'}", "network.stem=8")


def test_photos_without_a_map_or_with_one_of_another_size_are_named(
    folder: Path, discs: Path
) -> None:
    def begun() -> None:
        prepared("importance", folder, discs, f"maps={discs / 'maps'}", data=discs / "images")

    with pytest.raises(ValueError, match="importance needs --set maps=DIR"):
        prepared("importance", folder, discs, "maps=-")
    Image.new("L", (3, 3)).save(discs / "maps" / "p1.png")
    with pytest.raises(ValueError, match=r"p1\.png: \(3, 3\), but p1\.png is \(60, 90\)"):
        begun()
    (discs / "maps" / "p0.png").unlink()
    with pytest.raises(FileNotFoundError, match="no map for p0"):
        begun()


def test_crops_of_photo_and_map_show_the_same_place(discs: Path) -> None:
    sampler = MappedSampler(load_mapped(discs / "images", discs / "maps"), 48, 0.75, 4, seed=1)
    for _ in range(10):
        photo, target = sampler.crop(48, 32)
        assert (photo.shape, target.shape) == ((48, 32, 3), (12, 8))
        bright = Image.fromarray(photo).convert("L").resize((8, 12), Image.Resampling.BOX)
        assert np.corrcoef(np.asarray(bright).ravel(), target.ravel())[0, 1] > 0.95


def total(logits: torch.Tensor, target: torch.Tensor) -> float:
    return sum(term.item() for term in saliency_losses(logits, target).values())


def test_the_loss_is_least_for_the_map_itself():
    target = torch.zeros(2, 8, 8)
    target[:, 2:5, 2:5] = 1.0
    right = total(20.0 * (target - 0.5), target)
    assert right < 0.01
    assert total(20.0 * (target.roll(2, 1) - 0.5), target) > 0.5
    assert total(torch.zeros(2, 8, 8), target) > 0.5
