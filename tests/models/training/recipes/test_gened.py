"""The dual-branch codec: samples, variants, CLIP beside it, and where it starts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.data import astronaut

from gensc_models.codecs.gened.codec import load_gened
from gensc_models.codecs.gened.config import VARIANTS
from gensc_models.codecs.gened.samples import SaliencySampler, class_of, per_block, pseudo_labelled
from gensc_models.codecs.jscc import JsccCodec
from gensc_models.semantics.importance.maps import MappedPhoto, load_mapped
from small_clip import save_clip
from small_gened import TINY
from small_training import prepared, store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store(tmp_path_factory.mktemp("training"))


def test_the_trunk_starts_as_the_photo_codec_whose_bases_stay(folder: Path, tmp_path: Path) -> None:
    codec = load_gened(prepared("gened", folder, tmp_path, max_steps=3).train())
    sent = codec.encode_image(astronaut()[:96, :128], 32, 10.0)
    assert np.mean(np.abs(sent.symbols.astype(complex)) ** 2) == pytest.approx(1.0, abs=1e-5)
    trunk = JsccCodec.from_pretrained(folder / "trunk").network.state_dict()
    learned = codec.network.trunk.state_dict()
    assert torch.equal(learned["linear.analysis"], trunk["linear.analysis"])
    assert not torch.equal(learned["encoder.down.weight"], trunk["encoder.down.weight"])


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name != "full"])
def test_every_variant_of_the_tables_can_be_trained(
    folder: Path, tmp_path: Path, variant: str
) -> None:
    run = prepared("gened", folder, tmp_path, f"variant={variant}", max_steps=1)
    stored = load_gened(run.train())
    assert stored.config.network == replace(TINY, **VARIANTS[variant])


def test_with_clip_the_matching_module_is_trained_but_not_shipped(
    folder: Path, tmp_path: Path
) -> None:
    save_clip(tmp_path / "clip")
    more = (f"clip_model={tmp_path / 'clip'}", f"photos={folder / 'more'}",
            f"importance={folder / 'importance'}")  # fmt: skip
    run = prepared("gened", folder, tmp_path / "run", *more, precision="bfloat16", max_steps=2)
    weights = run.train()
    moved = run.network.state_dict()["matching.fusion"]
    assert moved.item() != pytest.approx(1e-4, abs=1e-9)
    assert not [k for k in load_gened(weights).network.state_dict() if "matching" in k]


def test_photos_without_maps_get_those_of_an_importance_network(folder: Path) -> None:
    def middle(photo: np.ndarray) -> np.ndarray:
        found = np.zeros(photo.shape[:2], np.float32)
        found[30:60, 40:80] = 1.0
        return found

    (pair,) = pseudo_labelled([folder / "more"], middle)
    assert class_of(pair.name) == "tench"
    assert (pair.map[40, 50], pair.map[0, 0]) == (255, 0)
    assert class_of("test_100007") == ""


def test_crops_and_wholes_keep_photo_and_map_together(folder: Path) -> None:
    pairs = [
        MappedPhoto(p.name, np.repeat(p.map[..., None], 3, axis=2), p.map)
        for p in load_mapped(folder / "photos", folder / "maps")
    ]
    sampler = SaliencySampler(pairs, 1)
    for whole in (False, True):
        sample = sampler.sample(4, (48, 64), whole)
        assert sample.images.shape == (4, 3, 48, 64)
        torch.testing.assert_close(sample.images[:, 0], sample.saliency)
        assert per_block(sample.saliency).shape == (4, 3, 4)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("variant=triple", "variant 'triple': must be one of full"),
        ("photos=more", "more: no such folder"),
        ("importance=x", "photos and importance go together"),
        ("maps=-", "gened needs --set maps=DIR"),
        ("prefixes=absent", "no image under .* begins with absent"),
        ("held_out=1", "too few to train on"),
        ("start=softcast", "'softcast': the trunk starts from a convolutional photo codec"),
        ("start=absent", "no weights called 'absent'"),
    ],
)
def test_what_cannot_be_trained_on_is_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    extra = ("validation_photos=99",) if more == "held_out=1" else ()
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        prepared("gened", folder, tmp_path / "run", more, *extra)


def test_a_run_of_another_variant_is_not_gone_on_with(folder: Path, tmp_path: Path) -> None:
    prepared("gened", folder, tmp_path).save()
    with pytest.raises(ValueError, match="of another kind of run"):
        prepared("gened", folder, tmp_path, "variant=swin-both")
