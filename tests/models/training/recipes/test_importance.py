"""Trainers of the classifier and of the learned importance: runs, resumptions, export."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from gensc_models import WeightsError
from gensc_models.data.jpeg_pack import JpegPack
from gensc_models.metrics.accuracy import accuracy
from gensc_models.semantics.importance import Classifier, SaliencyNetwork
from gensc_models.semantics.importance.maps import load_mapped
from gensc_models.training.export.importance import export
from gensc_models.training.recipes.classifier import (
    ClassifierTrainConfig,
    batches,
    random_crops,
)
from gensc_models.training.recipes.classifier import train as train_classifier
from gensc_models.training.recipes.importance import (
    ImportanceTrainConfig,
    MappedSampler,
    saliency_loss,
)
from gensc_models.training.recipes.importance import train as train_importance
from small_importance import CLASSES, SALIENCY, classifier
from small_packs import write_pack


@pytest.fixture
def pack(tmp_path):
    """Forty images of three classes that differ in colour."""
    random = np.random.default_rng(0)
    labels = np.arange(40) % 3
    colours = np.eye(3)[labels] * 160 + 40
    images = colours[:, None, None] + random.integers(-30, 30, (40, 24, 24, 3))
    return write_pack(
        tmp_path / "pack.npz", images.astype(np.uint8), labels, classes=np.array(CLASSES)
    )


@pytest.fixture
def photos(tmp_path):
    """Photos of a bright disc on dark ground, and maps of where it is."""
    for folder in ("images", "maps"):
        (tmp_path / folder).mkdir()
    rows, columns = np.mgrid[:60, :90]
    for n in range(6):
        disc = np.hypot(rows - 20 - 4 * n, columns - 30 - 5 * n) < 16
        photo = np.repeat(np.where(disc, 210, 50)[..., None], 3, axis=2).astype(np.uint8)
        Image.fromarray(photo).save(tmp_path / "images" / f"p{n}.png")
        Image.fromarray((255 * disc).astype(np.uint8)).save(tmp_path / "maps" / f"p{n}.png")
    return tmp_path


def classifier_config(pack, out, **changes):
    return replace(
        ClassifierTrainConfig(
            data=pack, validation=pack, out=out, stem=4, widths=(4, 8), blocks=(1, 1),
            sizes=((0.0, 16),), batch=20, max_steps=60, warmup_steps=5, ema=0.9, threads=1,
            learning_rate=2e-2, muon_rate=3e-2,
        ),
        **changes,
    )  # fmt: skip


def importance_config(photos, out, **changes):
    return replace(
        ImportanceTrainConfig(
            data=(photos / "images",), maps=photos / "maps", out=out, model=SALIENCY,
            held_out=3, batch=4, max_steps=60, warmup_steps=5, ema=0.9, threads=1,
            learning_rate=1e-2, muon_rate=2e-2,
        ),
        **changes,
    )  # fmt: skip


def records(out):
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


# ---------------------------------------------------------------- classifier


def test_a_classifier_learns_goes_on_and_becomes_weights(pack, tmp_path):
    out = tmp_path / "run"
    train_classifier(classifier_config(pack, out, max_steps=30))
    checkpoint = train_classifier(classifier_config(pack, out, max_steps=60, bfloat16=True))
    assert [record["step"] for record in records(out)] == [30, 60]
    assert records(out)[-1]["validation"]["top1"] > 0.9
    folder = export(checkpoint, tmp_path / "mine")
    network = Classifier.from_pretrained(folder)
    assert (network.name, network.classes) == ("mine", CLASSES)
    images = np.zeros((3, 24, 24, 3), np.uint8)
    images[np.arange(3), :, :, np.arange(3)] = 200
    assert accuracy(network, JpegPack(images, np.arange(3), CLASSES))["top1"] == 1.0


def test_a_run_of_another_network_is_not_gone_on_with(pack, tmp_path):
    out = tmp_path / "run"
    train_classifier(classifier_config(pack, out, max_steps=1))
    with pytest.raises(ValueError, match="another kind of run"):
        train_classifier(classifier_config(pack, out, stem=8))


def test_packs_that_do_not_serve_are_named(pack, tmp_path):
    nameless = write_pack(
        tmp_path / "nameless.npz", np.zeros((20, 24, 24, 3), np.uint8), np.zeros(20)
    )
    out = tmp_path / "run"
    with pytest.raises(ValueError, match=r"nameless\.npz: does not name its classes"):
        train_classifier(classifier_config(nameless, out))
    with pytest.raises(ValueError, match=r"nameless\.npz: of other classes"):
        train_classifier(classifier_config(pack, out, validation=nameless))
    with pytest.raises(ValueError, match="less than one batch"):
        train_classifier(classifier_config(pack, out, batch=41))


def test_the_pictures_grow_as_the_time_passes(pack, tmp_path):
    config = classifier_config(pack, tmp_path, sizes=((0.0, 32), (0.5, 48), (0.9, 64)))
    assert [config.size(t) for t in (0.0, 0.49, 0.5, 0.95, 1.2)] == [32, 32, 48, 64, 64]


def test_crops_show_parts_of_their_own_image_only():
    images = torch.arange(1.0, 4.0)[:, None, None, None].expand(3, 3, 20, 20)
    crops = random_crops(images, 12, 0.3, torch.Generator().manual_seed(1))
    assert crops.shape == (3, 3, 12, 12)
    torch.testing.assert_close(crops, images[..., :12, :12])


def test_crops_differ_in_size_place_and_direction():
    ramp = torch.linspace(0, 1, 64).expand(64, 3, 64, 64)
    crops = random_crops(ramp, 32, 0.25, torch.Generator().manual_seed(1))
    left, right = crops[:, 0, 16, 0], crops[:, 0, 16, -1]
    assert 0.2 < (left > right).float().mean() < 0.8
    width = (left - right).abs()
    assert width.min() > 0.35
    assert width.max() > 0.9


def test_an_epoch_has_every_image_once(pack):
    plain = JpegPack(np.zeros((6, 4, 4, 3), np.uint8), np.arange(6), ())
    source = batches(plain, 2, torch.Generator().manual_seed(1))
    epochs = [sorted(int(n) for _ in range(3) for n in next(source)[1]) for _ in range(2)]
    assert epochs == [list(range(6))] * 2


# ---------------------------------------------------------------- importance


def test_an_importance_learns_from_a_classifier_on_and_becomes_weights(photos, tmp_path):
    classifier().save_pretrained(tmp_path / "start")
    out = tmp_path / "run"
    config = importance_config(photos, out, start=str(tmp_path / "start"))
    config = replace(config, backbone_share=1.0)
    train_importance(replace(config, max_steps=5))
    checkpoint = train_importance(config)
    first, last = records(out)[0], records(out)[-1]
    assert (first["step"], last["step"]) == (5, 60)
    assert last["validation"]["mae"] < 0.6 * first["validation"]["mae"]
    network = SaliencyNetwork.from_pretrained(export(checkpoint, tmp_path / "mine"))
    assert network.config == SALIENCY


def test_it_starts_with_the_classifiers_backbone(photos, tmp_path):
    start = classifier()
    start.save_pretrained(tmp_path / "start")
    config = importance_config(
        photos, tmp_path / "run", start=str(tmp_path / "start"), backbone_share=0.0, max_steps=2
    )
    state = torch.load(train_importance(config), weights_only=True)["network"]
    for name, tensor in start.state_dict().items():
        if not name.startswith("linear."):
            torch.testing.assert_close(state[f"backbone.{name}"], tensor, atol=1e-3, rtol=1e-3)


def test_a_classifier_with_another_backbone_is_refused(photos, tmp_path):
    classifier().save_pretrained(tmp_path / "start")
    wide = replace(SALIENCY, stem=8)
    config = importance_config(photos, tmp_path / "run", start=str(tmp_path / "start"), model=wide)
    with pytest.raises(ValueError, match="another backbone"):
        train_importance(config)


def test_photos_without_a_map_or_with_one_of_another_size_are_named(photos, tmp_path):
    config = importance_config(photos, tmp_path / "run")
    Image.new("L", (3, 3)).save(photos / "maps" / "p1.png")
    with pytest.raises(ValueError, match=r"p1\.png: \(3, 3\), but p1\.png is \(60, 90\)"):
        train_importance(config)
    (photos / "maps" / "p0.png").unlink()
    with pytest.raises(FileNotFoundError, match="no map for p0"):
        train_importance(config)


def test_crops_of_photo_and_map_show_the_same_place(photos, tmp_path):
    config = importance_config(photos, tmp_path / "run")
    sampler = MappedSampler(load_mapped(photos / "images", photos / "maps"), config)
    for _ in range(10):
        photo, target = sampler.crop(48, 32)
        assert (photo.shape, target.shape) == ((48, 32, 3), (12, 8))
        bright = Image.fromarray(photo).convert("L").resize((8, 12), Image.Resampling.BOX)
        assert np.corrcoef(np.asarray(bright).ravel(), target.ravel())[0, 1] > 0.95


def test_the_loss_is_least_for_the_map_itself():
    target = torch.zeros(2, 8, 8)
    target[:, 2:5, 2:5] = 1.0
    right = saliency_loss(20.0 * (target - 0.5), target)
    assert right < 0.01
    assert saliency_loss(20.0 * (target.roll(2, 1) - 0.5), target) > 0.5
    assert saliency_loss(torch.zeros(2, 8, 8), target) > 0.5


def test_checkpoints_that_are_none_are_named(tmp_path):
    (tmp_path / "torn.pt").write_bytes(b"torn")
    torch.save({"config": {"classes": ("a",)}}, tmp_path / "empty.pt")
    for name in ("torn.pt", "empty.pt", "nowhere.pt"):
        with pytest.raises(WeightsError, match=f"unusable checkpoint.*{name}"):
            export(tmp_path / name, tmp_path / "mine")
