"""From images to the weights of a Swin codec."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gensc_models.codecs.deepjscc.network import DeepJsccConfig
from gensc_models.codecs.jscc import JsccCodec, load_jscc
from gensc_models.codecs.swin.network import SwinConfig, SwinJscc
from gensc_models.data.cifar import BINARY_FILES, RECORD
from gensc_models.training.export import photo as export_jscc
from gensc_models.training.export.deepjscc import DEEPJSCC_CIFAR
from gensc_models.training.export.swin import IDENTITIES, export
from gensc_models.training.initial_weights import go_on_from, start_base
from gensc_models.training.recipes.photo import train
from gensc_models.training.recipes.swin import preset
from gensc_models.weights.store import WeightsError

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
        base=None,
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
    codec = load_jscc(export("cifar", checkpoint, tmp_path / "weights"))
    assert (codec.name, codec.rates) == ("swin-cifar", (128,))
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
    codec = load_jscc(export("photo", train(config), tmp_path / "weights"))
    assert codec.name == "swin-photo"
    assert 32 in codec.rates


def test_an_unknown_preset_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="preset 'video'"):
        preset("video", [], tmp_path)


def test_a_run_grows_around_deepjscc_and_goes_on_from_weights(cifar: Path, tmp_path: Path) -> None:
    torch.manual_seed(4)
    baseline = JsccCodec(replace(DEEPJSCC_CIFAR, network=DeepJsccConfig((1.0, 7.0, 13.0))))
    baseline.save_pretrained(tmp_path / "deepjscc")
    torch.manual_seed(6)
    codec = JsccCodec(replace(IDENTITIES["cifar"], network=WIDE))
    torch.nn.init.normal_(codec.network.decoder.detail.out.weight, std=0.1)
    codec.save_pretrained(tmp_path / "before")
    config = replace(
        preset("cifar", [cifar], tmp_path / "run"),
        model=replace(WIDE, convolutional_snrs_db=(1.0, 7.0)),
        base=str(tmp_path / "deepjscc"),
        start=str(tmp_path / "before"),
        crop_shapes=((32, 4, 1.0),),
        validation_photos=4,
        statistics_crops=40,
        bfloat16=True,
        threads=1,
        max_steps=1,
    )
    grown = load_jscc(export("cifar", train(config), tmp_path / "weights"))
    assert grown.config.network.convolutional_snrs_db == (1.0, 7.0)
    tensors, before = (
        grown.network.state_dict(),
        load_jscc(tmp_path / "before").network,
    )
    networks = load_jscc(tmp_path / "deepjscc").network.networks
    for name, stored in before.state_dict().items():
        torch.testing.assert_close(tensors[name], stored, rtol=0.02, atol=2e-2)
    for i in (0, 1):
        for name, stored in networks[i].state_dict().items():
            torch.testing.assert_close(
                tensors[f"base.networks.{i}.{name}"], stored, atol=2e-2, rtol=0
            )

    # A base code that has grown together with its networks is not set back to DeepJSCC.
    first = grown.network.base.networks[0].encoder[0]
    torch.nn.init.constant_(first.bias, 0.5)
    grown.save_pretrained(tmp_path / "grown")
    again = replace(config, out=tmp_path / "again", start=str(tmp_path / "grown"))
    further = load_jscc(export("cifar", train(again), tmp_path / "further"))
    bias = further.network.base.networks[0].encoder[0].bias
    torch.testing.assert_close(bias, torch.full_like(bias, 0.5), atol=2e-2, rtol=0)


def test_weights_to_start_from_are_refused_by_name(tmp_path: Path) -> None:
    model = SwinJscc(replace(WIDE, convolutional_snrs_db=(1.0, 5.0)))
    with pytest.raises(WeightsError, match="'softcast': a convolutional base code starts from"):
        start_base(model, "softcast")
    with pytest.raises(WeightsError, match="no network for 5 dB"):
        start_base(model, "deepjscc-cifar")
    with pytest.raises(WeightsError, match="'softcast' do not fit"):
        go_on_from(model, "softcast")
    with pytest.raises(WeightsError, match="starts from DeepJSCC"):
        start_base(SwinJscc(WIDE), "deepjscc-cifar")
