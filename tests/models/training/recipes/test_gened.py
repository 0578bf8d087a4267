"""The dual-branch trainer: samples, a short run of every kind, resumption and export."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut, chelsea, coffee

from gensc_models.codecs.gened.codec import load_gened
from gensc_models.codecs.gened.config import VARIANTS
from gensc_models.codecs.gened.samples import SaliencySampler, class_of, per_block, pseudo_labelled
from gensc_models.codecs.jscc import CodecConfig, JsccCodec, load_jscc
from gensc_models.semantics.importance.maps import MappedPhoto, load_mapped
from gensc_models.semantics.importance.saliency import SaliencyConfig, SaliencyNetwork
from gensc_models.training.channel import OperatingRange
from gensc_models.training.export.gened import export
from gensc_models.training.recipes.gened import GenedTrainConfig, train
from gensc_models.weights.store import WeightsError
from small_clip import save_clip
from small_gened import TINY
from small_network import SMALL


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos below `images`, their maps below `maps`, photos without maps below `more`."""
    folder = tmp_path_factory.mktemp("gened")
    for name in ("images", "maps", "more"):
        (folder / name).mkdir()
    for i, image in enumerate((astronaut(), chelsea(), coffee())):
        part = image[40:136, 60:188]
        grey = np.zeros((96, 128), np.uint8)
        grey[20:70, 30 + 10 * i : 90] = 255
        Image.fromarray(part).save(folder / "images" / f"{i}.png")
        Image.fromarray(grey).save(folder / "maps" / f"{i}.png")
    Image.fromarray(astronaut()[200:296, 100:228]).save(folder / "more" / "n01440764_tench.png")
    torch.manual_seed(0)
    JsccCodec(CodecConfig("trunk", network=SMALL)).save_pretrained(folder / "trunk")
    saliency = SaliencyConfig(stem=4, widths=(4, 8), blocks=(1, 1), head=4, side=64)
    SaliencyNetwork(saliency).save_pretrained(folder / "importance")
    return folder


def config(data: Path, out: Path, **changes: object) -> GenedTrainConfig:
    base = GenedTrainConfig(
        images=data / "images", maps=data / "maps", out=out, start=str(data / "trunk"), model=TINY,
        features="none", minutes=10.0, max_steps=2, warmup_steps=1, held_out=3, batch=2, side=48,
        wholes=2, whole_size=(48, 64), rates=(48,), threads=torch.get_num_threads(),
        channels=OperatingRange(block=0.3, fast=0.2, selective=0.2, lossy=0.3),
    )  # fmt: skip
    return replace(base, **changes)


def test_a_run_stops_resumes_and_can_be_exported(data: Path, tmp_path: Path) -> None:
    checkpoint = train(config(data, tmp_path / "run"))
    train(config(data, tmp_path / "run", max_steps=3))
    state = torch.load(checkpoint, weights_only=True)
    assert state["step"] == 3
    lines = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["step"] for record in records] == [2, 3]
    assert records[0]["validation"].keys() == {"C32@1dB", "C32@10dB", "iou"}
    folder = export(checkpoint, tmp_path / "weights", "tiny")
    codec = load_gened(folder)
    assert codec.name == "tiny"
    sent = codec.encode_image(astronaut()[:96, :128], 32, 10.0)
    assert np.mean(np.abs(sent.symbols.astype(complex)) ** 2) == pytest.approx(1.0, abs=1e-5)
    trunk = load_trunk(data)
    assert torch.equal(codec.network.trunk.linear.analysis, trunk["linear.analysis"])
    assert not torch.equal(codec.network.trunk.encoder.down.weight, trunk["encoder.down.weight"])


def load_trunk(data: Path) -> dict[str, torch.Tensor]:
    return load_jscc(data / "trunk").network.state_dict()


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name != "full"])
def test_every_variant_of_the_tables_can_be_trained(
    data: Path, tmp_path: Path, variant: str
) -> None:
    checkpoint = train(config(data, tmp_path, variant=variant, max_steps=1))
    stored = load_gened(export(checkpoint, tmp_path / "weights", variant))
    assert stored.config.network == replace(TINY, **VARIANTS[variant])


def test_with_clip_the_matching_module_is_trained_but_not_shipped(
    data: Path, tmp_path: Path
) -> None:
    save_clip(tmp_path / "clip")
    checkpoint = train(
        config(
            data,
            tmp_path / "run",
            clip_model=str(tmp_path / "clip"),
            max_steps=2,
            photos=(data / "more",),
            importance=str(data / "importance"),
            bfloat16=True,
        )
    )
    state = torch.load(checkpoint, weights_only=True)
    moved = state["network"]["matching.fusion"]
    assert moved.item() != pytest.approx(1e-4, abs=1e-9)
    folder = export(checkpoint, tmp_path / "weights", "tiny")
    assert not [k for k in load_gened(folder).network.state_dict() if "matching" in k]


def test_photos_without_maps_get_those_of_an_importance_network(data: Path) -> None:
    def middle(photo: np.ndarray) -> np.ndarray:
        found = np.zeros(photo.shape[:2], np.float32)
        found[30:60, 40:80] = 1.0
        return found

    (pair,) = pseudo_labelled([data / "more"], middle)
    assert class_of(pair.name) == "tench"
    assert (pair.map[40, 50], pair.map[0, 0]) == (255, 0)
    assert class_of("test_100007") == ""


def test_crops_and_wholes_keep_photo_and_map_together(data: Path) -> None:
    pairs = [
        MappedPhoto(p.name, np.repeat(p.map[..., None], 3, axis=2), p.map)
        for p in load_mapped(data / "images", data / "maps")
    ]
    sampler = SaliencySampler(pairs, 1)
    for whole in (False, True):
        sample = sampler.sample(4, (48, 64), whole)
        assert sample.images.shape == (4, 3, 48, 64)
        torch.testing.assert_close(sample.images[:, 0], sample.saliency)
        assert per_block(sample.saliency).shape == (4, 3, 4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variant": "triple"}, "variant 'triple': must be one of full"),
        ({"photos": (Path("more"),)}, "need the name of an importance network"),
        ({"prefixes": ("absent",)}, "no image under .* begins with absent"),
        ({"held_out": 1}, "too few to train on"),
        ({"start": "softcast"}, "'softcast': the trunk starts from a convolutional photo codec"),
        ({"start": "absent"}, "no weights called 'absent'"),
    ],
)
def test_what_cannot_be_trained_on_is_named(
    data: Path, tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        train(config(data, tmp_path, **changes))


def test_a_run_of_another_kind_is_not_gone_on_with(data: Path, tmp_path: Path) -> None:
    train(config(data, tmp_path, max_steps=1))
    with pytest.raises(ValueError, match="of another kind of run"):
        train(config(data, tmp_path, variant="swin-both"))


def test_a_file_that_is_no_checkpoint_is_not_exported(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="unusable checkpoint"):
        export(tmp_path / "checkpoint.pt", tmp_path, "tiny")
