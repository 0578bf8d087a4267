"""Training of the codec bank: its known start, a short run, resumption and export."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut, chelsea, coffee

from gensc_models.codecs.bank import HyperpriorCodec, wavelet
from gensc_models.codecs.bank.masks import coded_groups, coded_latents
from gensc_models.codecs.bank.network import HyperpriorNetwork
from gensc_models.codecs.bank.points import multiplier
from gensc_models.codecs.bank.transforms import HyperpriorConfig, step
from gensc_models.metrics.fidelity import psnr
from gensc_models.training.export.bank import export, load_checkpoint, main
from gensc_models.training.recipes.bank import (
    TrainConfig,
    distortion_loss,
    draw_masks,
    load_network,
    rate_loss,
    save_network,
    train,
)
from gensc_models.weights.store import WeightsError
from small_hyperprior import SMALL, photo, small_network


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for i, image in enumerate((astronaut(), chelsea(), coffee())):
        for j in range(2):
            part = image[40 * j : 40 * j + 200, 60 * j : 60 * j + 220]
            Image.fromarray(part).save(folder / f"{i}{j}.png")
    return folder


def config(folder: Path, out: Path, **changes: object) -> TrainConfig:
    base = TrainConfig(
        data=(folder,), out=out, model=SMALL, minutes=10.0, max_steps=3, warmup_steps=1, crop=64,
        batch=2, decoder_crop=64, decoder_batch=2, statistics_crops=8, entropy_first=0.0,
        validation_photos=1,
        validation_points=(3, 15), threads=torch.get_num_threads(),
    )  # fmt: skip
    return replace(base, **changes)


def test_a_run_stops_resumes_and_can_be_exported(folder: Path, tmp_path: Path) -> None:
    checkpoint = train(config(folder, tmp_path / "run"))
    first = torch.load(checkpoint, weights_only=True)
    train(config(folder, tmp_path / "run", max_steps=5))
    second = torch.load(checkpoint, weights_only=True)
    assert (first["step"], second["step"]) == (3, 5)
    assert second["minutes"] > first["minutes"]
    key = "transforms.synthesis.leave.weight"
    assert first["network"][key].abs().max() > 0
    assert not torch.equal(first["network"][key], second["network"][key])
    lines = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["step"] for record in records] == [0, 3, 5]
    for record in records:
        (high, good), (low, poor) = (record["validation"][p] for p in ("phi3", "phi15"))
        assert high > low
        assert good > poor

    stored = HyperpriorCodec.from_pretrained(export(checkpoint, tmp_path / "weights", "bank"))
    assert stored.name == "bank"
    assert stored.decode(stored.encode(photo(64, 64), 3).data).complete
    main(["--checkpoint", str(checkpoint), "--out", str(tmp_path), "--name", "other"])
    assert (tmp_path / "other" / "model.safetensors").is_file()


PLAIN = replace(SMALL, learned_analysis=False)
LEAVE = "transforms.synthesis.leave.weight"


def test_first_only_the_entropy_model_is_trained(folder: Path, tmp_path: Path) -> None:
    run = config(folder, tmp_path, model=PLAIN, max_steps=2, entropy_first=0.5)
    state = torch.load(train(run), weights_only=True)["network"]
    assert state[LEAVE].abs().max() == 0
    fresh = HyperpriorNetwork(PLAIN).state_dict()["transforms.spread"]
    assert not torch.equal(state["transforms.spread"], fresh), "levels' deviations are measured"


def test_entropy_model_and_decoder_take_turns(folder: Path, tmp_path: Path) -> None:
    run = config(folder, tmp_path, model=PLAIN, max_steps=4, entropy_every=2)
    state = torch.load(train(run), weights_only=True)["network"]
    assert state[LEAVE].abs().max() > 0
    (*_, last) = (json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines())
    bits, error = last["loss"]
    assert bits > 0 > error


def test_a_run_can_start_where_another_network_stands(folder: Path, tmp_path: Path) -> None:
    save_network(small_network(), tmp_path / "start.safetensors")
    fresh = HyperpriorNetwork(SMALL)
    load_network(fresh, tmp_path / "start.safetensors")
    for name, value in small_network().state_dict().items():
        torch.testing.assert_close(fresh.state_dict()[name], value, rtol=1e-3, atol=1e-3)
    with pytest.raises(ValueError, match=r"start\.safetensors: cannot start from it"):
        load_network(HyperpriorNetwork(replace(SMALL, anchors=6)), tmp_path / "start.safetensors")
    with pytest.raises(ValueError, match=r"none\.safetensors: cannot start"):
        train(config(folder, tmp_path / "run", start=tmp_path / "none.safetensors"))


def test_the_image_networks_can_be_trained_in_bfloat16(folder: Path, tmp_path: Path) -> None:
    exact, short = (
        torch.load(train(config(folder, tmp_path / str(b), bfloat16=b)), weights_only=True)[
            "network"
        ]
        for b in (False, True)
    )
    key = "transforms.synthesis.leave.weight"
    assert short[key].dtype == torch.float32
    assert not torch.equal(exact[key], short[key])
    difference = (exact[key] - short[key]).norm() / exact[key].norm()
    assert difference < 0.5, "another rounding, not another run"


def test_the_analysis_is_learned_only_where_asked_for() -> None:
    assert HyperpriorNetwork(HyperpriorConfig()).transforms.analysis is None


def test_the_wavelet_can_be_all_the_analysis_there_is(folder: Path, tmp_path: Path) -> None:
    plain = replace(SMALL, learned_analysis=False)
    checkpoint = train(config(folder, tmp_path / "run", model=plain))
    codec = HyperpriorCodec.from_pretrained(export(checkpoint, tmp_path))
    image = photo(64, 64)
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255.0
    position = torch.zeros(1)
    with torch.no_grad():
        latents = codec.transforms.analyse(pixels, position)
    torch.testing.assert_close(latents, wavelet.analyse(pixels) / step(position))
    half = codec.set_precision(torch.bfloat16)
    assert half.decode(half.encode(image, 5).data).complete


def test_a_checkpoint_of_another_network_is_not_resumed(folder: Path, tmp_path: Path) -> None:
    train(config(folder, tmp_path, max_steps=1))
    with pytest.raises(ValueError, match="of another kind of run"):
        train(config(folder, tmp_path, model=replace(SMALL, condition=4)))
    with pytest.raises(WeightsError, match="unusable checkpoint"):
        load_checkpoint(tmp_path / "log.jsonl")


def test_no_photo_large_enough_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no training photo of 512 pixels"):
        train(config(folder, tmp_path, crop=512))


def test_an_untrained_bank_is_already_better_than_jpeg(tmp_path: Path) -> None:
    image = photo(240, 320)
    codec = HyperpriorCodec.from_network(small_network())
    sent = codec.encode(image, 10)
    best = 0.0
    for quality in range(1, 96):
        path = tmp_path / "x.jpg"
        Image.fromarray(image).save(path, quality=quality, optimize=True)
        if path.stat().st_size > len(sent.data):
            break
        best = psnr(image, _read(path))
    assert psnr(image, codec.decode(sent.data).image) > best


def _read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def test_some_crops_are_sent_in_part() -> None:
    generator = torch.Generator().manual_seed(0)
    keep = draw_masks(200, 8, 0.2, generator)
    partly = (~keep.flatten(1).all(dim=1)).float().mean()
    assert 0.1 < partly < 0.3
    assert draw_masks(20, 8, 0.0, generator).all()


def test_masked_blocks_cost_nothing_and_count_for_nothing() -> None:
    network = HyperpriorNetwork(SMALL)
    network.load_state_dict(small_network().state_dict())
    image = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    keep = torch.zeros(1, 8, 8, dtype=torch.bool)
    position = torch.zeros(1)
    with torch.no_grad():
        nothing = network(image, position, keep)
        assert nothing.y_bits.item() == 0
        assert nothing.z_bits.item() == 0
        assert rate_loss(nothing, position, 128 * 128).item() == 0
        keep[:, 2:4, 2:4] = True
        part = network(image, position, keep)
        whole = network(image, position, torch.ones_like(keep))
    assert 0 < part.y_bits.item() < 0.15 * whole.y_bits.item()


def test_both_parts_of_an_image_sent_in_part_count() -> None:
    image = torch.zeros(1, 3, 32, 32)
    keep = torch.tensor([[[True, False], [True, False]]])
    decoded = image.clone()
    decoded[..., :16] = 0.1
    decoded[..., 16:] = 0.5
    log, squared = (
        distortion_loss(decoded, image, keep, torch.zeros(1), torch.tensor([whole])).item()
        for whole in (False, True)
    )
    assert log == pytest.approx(np.log(0.01) + 0.25 * np.log(0.25), rel=1e-3)
    weight = 255.0**2 * np.sqrt(multiplier(0.0))
    assert squared == pytest.approx(weight * (0.01 + 0.25 * 0.25), rel=1e-3)


def test_borders_of_a_mask_take_the_coarse_bands_along() -> None:
    keep = torch.zeros(1, 9, 9, dtype=torch.bool)
    keep[0, 4, 4] = True
    coded = coded_latents(keep)[0]
    assert coded.sum(dim=(1, 2)).tolist() == [25] * 3 + [9] * 9 + [1] * (wavelet.CHANNELS - 12)
    assert coded_groups(keep)[0].tolist() == [
        [True, True, False],
        [True, True, False],
        [False, False, False],
    ]
