"""Training of the codec bank: its known start, turns, resumption, losses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gensc_models.codecs.bank import HyperpriorCodec, wavelet
from gensc_models.codecs.bank.masks import coded_groups, coded_latents
from gensc_models.codecs.bank.network import HyperpriorNetwork
from gensc_models.codecs.bank.points import multiplier
from gensc_models.codecs.bank.transforms import HyperpriorConfig, step
from gensc_models.metrics.fidelity import psnr
from gensc_models.training.bank import (
    distortion_loss,
    draw_masks,
    load_network,
    rate_loss,
    save_network,
)
from gensc_models.training.optimisers import Optimisers
from small_hyperprior import SMALL, photo, small_network
from small_training import prepared, store

LEAVE = "transforms.synthesis.leave.weight"
JOINT = "network.learned_analysis=true"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store(tmp_path_factory.mktemp("training"))


def test_first_only_the_entropy_model_is_trained(folder: Path, tmp_path: Path) -> None:
    run = prepared("bank", folder, tmp_path, "entropy_first=1", max_steps=2)
    fresh = run.network.transforms.spread.clone()
    run.train()
    state = run.network.state_dict()
    assert state[LEAVE].abs().max() == 0
    assert not torch.equal(state["transforms.spread"], fresh), "levels' deviations are measured"


def test_entropy_model_and_decoder_take_turns(folder: Path, tmp_path: Path) -> None:
    run = prepared("bank", folder, tmp_path, "entropy_first=0", "entropy_every=2", max_steps=4)
    assert [run.recipe.turn(n) for n in range(4)] == ["entropy", "decoder"] * 2
    run.train()
    assert run.network.state_dict()[LEAVE].abs().max() > 0
    terms = run.log.records()[-1]["terms"]
    assert terms["entropy"] > 0 > terms["decoder"]


def test_with_a_learned_analysis_everything_learns_at_once(folder: Path, tmp_path: Path) -> None:
    run = prepared("bank", folder, tmp_path, JOINT, max_steps=2)
    assert run.recipe.turn(0) == "decoder"
    run.train()
    assert run.network.state_dict()["transforms.analysis.leave.weight"].abs().max() > 0


def test_a_checkpoint_of_the_earlier_trainer_is_gone_on_with(folder: Path, tmp_path: Path) -> None:
    """Its optimisers kept their peaks in their groups, and it knew of no stages."""
    run = prepared("bank", folder, tmp_path, max_steps=3)
    batch = run.recipe.sampler(1)
    for _ in range(2):
        run.descend(run.loss(batch()))
    run.save()
    state = torch.load(run.checkpoint, weights_only=True)
    for group in state["adam"]["param_groups"]:
        group |= {"peak": 1e-3, "fused": None}
    keys = ("config", "network", "average", "spread", "muon", "adam", "step", "minutes")
    torch.save({key: state[key] for key in keys}, run.checkpoint)

    again = prepared("bank", folder, tmp_path, max_steps=4)
    assert again.step == 2
    for name, value in run.network.state_dict().items():
        assert torch.equal(again.network.state_dict()[name], value)
    assert torch.equal(again.recipe.spread.count, run.recipe.spread.count)
    assert again.train().is_dir()
    assert again.step == 4


def test_kernels_of_the_image_networks_are_muons_and_hyper_networks_slow(
    folder: Path, tmp_path: Path
) -> None:
    run = prepared("bank", folder, tmp_path)
    rates = [(g.muon, g.rate) for g in run.recipe.groups(run.network)]
    assert rates == [(True, 2e-3), (False, 1e-3), (False, 2e-4)]
    assert isinstance(run.optimisers, Optimisers)


def test_a_run_can_start_where_another_network_stands(folder: Path, tmp_path: Path) -> None:
    save_network(small_network(), tmp_path / "start.safetensors")
    fresh = HyperpriorNetwork(SMALL)
    load_network(fresh, tmp_path / "start.safetensors")
    for name, value in small_network().state_dict().items():
        torch.testing.assert_close(fresh.state_dict()[name], value, rtol=1e-3, atol=1e-3)
    with pytest.raises(ValueError, match=r"start\.safetensors: cannot start from it"):
        load_network(HyperpriorNetwork(replace(SMALL, anchors=6)), tmp_path / "start.safetensors")
    with pytest.raises(ValueError, match=r"none\.safetensors: cannot start"):
        prepared("bank", folder, tmp_path / "run", f"start={tmp_path / 'none.safetensors'}")


def test_the_image_networks_can_be_trained_in_bfloat16(folder: Path, tmp_path: Path) -> None:
    learned = []
    for precision in ("float32", "bfloat16"):
        run = prepared("bank", folder, tmp_path / precision, "entropy_first=0", "entropy_every=99",
                       precision=precision, max_steps=3)  # fmt: skip
        run.train()
        learned.append(run.network.state_dict()[LEAVE])
    exact, short = learned
    assert short.dtype == torch.float32
    assert not torch.equal(exact, short)
    assert (exact - short).norm() / exact.norm() < 0.5, "another rounding, not another run"


def test_the_analysis_is_learned_only_where_asked_for() -> None:
    assert HyperpriorNetwork(HyperpriorConfig()).transforms.analysis is None


def test_the_wavelet_can_be_all_the_analysis_there_is(folder: Path, tmp_path: Path) -> None:
    codec = HyperpriorCodec.from_pretrained(prepared("bank", folder, tmp_path, max_steps=3).train())
    image = photo(64, 64)
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255.0
    position = torch.zeros(1)
    with torch.no_grad():
        latents = codec.transforms.analyse(pixels, position)
    torch.testing.assert_close(latents, wavelet.analyse(pixels) / step(position))
    half = codec.set_precision(torch.bfloat16)
    assert half.decode(half.encode(image, 5).data).complete


def test_a_checkpoint_of_another_network_is_not_resumed(folder: Path, tmp_path: Path) -> None:
    prepared("bank", folder, tmp_path).save()
    with pytest.raises(ValueError, match="of another kind of run"):
        prepared("bank", folder, tmp_path, "network.condition=4")


def test_no_photo_large_enough_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no training photo of 512 pixels"):
        prepared("bank", folder, tmp_path, "crop=512")


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
