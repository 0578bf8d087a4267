"""From images to the weights of a Swin codec."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gensc_models import export_jscc
from gensc_models.cifar import BINARY_FILES, RECORD
from gensc_models.codec import load_codec
from gensc_models.export_gsc import export
from gensc_models.swin_jscc import SwinConfig
from gensc_models.train_gsc import preset
from gensc_models.train_jscc import train
from gensc_models.weights import WeightsError
from PIL import Image

TINY = SwinConfig((4, 8), (1, 1), (2, 2), window=2, condition=8)
WIDE = replace(TINY, detail_width=4, detail_depth=1, wide=True)


@pytest.fixture
def cifar(tmp_path: Path) -> Path:
    folder = tmp_path / "cifar"
    folder.mkdir()
    random = np.random.default_rng(1)
    for name in BINARY_FILES["train"]:
        random.integers(0, 256, (12, RECORD), dtype=np.uint8).tofile(folder / name)
    return folder


def test_a_run_on_cifar_resumes_and_becomes_weights(cifar: Path, tmp_path: Path) -> None:
    config = replace(
        preset("cifar", [cifar], tmp_path / "run"),
        model=WIDE,
        crop_shapes=((32, 4, 1.0),),
        validation_photos=4,
        statistics_crops=40,
        threads=1,
    )
    train(replace(config, max_steps=1))
    checkpoint = train(replace(config, max_steps=3))
    log = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    assert '"photos": 56' in log[0]
    assert '"step": 3' in log[-1]
    assert "C128@15dB" in log[-1]
    codec = load_codec(export("cifar", checkpoint, tmp_path / "weights"))
    assert (codec.name, codec.wire_id, codec.rates) == ("swin-cifar", 3, (128,))
    assert codec.config.network == WIDE
    image = np.zeros((32, 32, 3), np.uint8)
    sent = codec.encode_image(image, 128, 10.0)
    assert sent.cbr == pytest.approx(1 / 6)
    with pytest.raises(WeightsError, match=r"unusable checkpoint .*checkpoint\.pt"):
        export_jscc.export(checkpoint, tmp_path / "weights")


def test_the_photo_preset_trains_on_folders_of_photos(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    random = np.random.default_rng(2)
    for i in range(4):
        pixels = random.integers(0, 256, (130, 140, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    config = replace(
        preset("photo", [folder], tmp_path / "run"),
        model=replace(TINY, window=8),
        crop_shapes=((64, 2, 1.0),),
        validation_photos=1,
        statistics_crops=30,
        validation_points=((32, 5.0),),
        threads=1,
        max_steps=2,
    )
    codec = load_codec(export("photo", train(config), tmp_path / "weights"))
    assert codec.wire_id == 5
    assert 32 in codec.rates


def test_an_unknown_preset_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="preset 'video'"):
        preset("video", [], tmp_path)
