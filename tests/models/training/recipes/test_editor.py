"""The perceptual fine-tuning of a refiner, its critic, and the pairs it sees."""

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.data import astronaut, coffee

from gensc_models import WeightsError
from gensc_models.data.photos import CropSampler
from gensc_models.restore.refiner import load_refiner
from gensc_models.restore.refiner.critic import PatchCritic
from gensc_models.restore.refiner.gened_pairs import GenedPairMaker
from gensc_models.restore.refiner.pairs import LinkRange
from gensc_models.training.recipes.editor import mean_brisque
from gensc_models.weights.hub import UnavailableError
from small_gened import small_codec
from small_training import prepared, store

WEIGHT = "st_lpips_weight=2.0"
PHOTOS = (astronaut(), coffee())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store(tmp_path_factory.mktemp("training"))


def test_the_weights_apply_all_of_the_correction_but_on_the_foreground(
    folder: Path, tmp_path: Path
) -> None:
    editor = load_refiner(prepared("editor", folder, tmp_path, max_steps=1).train())
    assert set(editor.config.applied) == {1.0}
    assert editor.config.anchored == 0.35


def test_refiner_and_critic_both_learn_and_the_solved_filter_stays(
    folder: Path, tmp_path: Path
) -> None:
    run = prepared("editor", folder, tmp_path, precision="bfloat16", max_steps=4)
    before = {k: v.clone() for k, v in run.network.state_dict().items()}
    run.train()
    moved = {k for k, v in run.network.state_dict().items() if not torch.equal(v, before[k])}
    assert any(name.startswith("network.restoration") for name in moved)
    assert any(name.startswith("critic.") for name in moved)
    assert not any("solved" in name for name in moved)


def test_st_lpips_joins_the_loss_where_it_is_asked_for(folder: Path, tmp_path: Path) -> None:
    plain = prepared("editor", folder, tmp_path / "plain", max_steps=1).recipe
    with_it = prepared("editor", folder, tmp_path / "with", WEIGHT, max_steps=1).recipe
    shown = torch.rand(2, 3, 32, 32, requires_grad=True)
    original = torch.rand(2, 3, 32, 32)
    far = with_it.perceptual(shown, original).mean()
    loss = with_it._rebuild(shown, original)
    assert loss.item() == pytest.approx((plain._rebuild(shown, original) + 2.0 * far).item())
    (slope,) = torch.autograd.grad(loss, shown)
    assert torch.isfinite(slope).all()


def test_without_its_package_st_lpips_is_refused_and_all_else_works(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gensc_models.metrics.st_lpips.PACKAGE", "a_package_that_nobody_has")
    prepared("editor", folder, tmp_path / "plain", max_steps=1)
    with pytest.raises(UnavailableError, match="pretrained"):
        prepared("editor", folder, tmp_path / "with", WEIGHT, max_steps=1)


def test_the_critics_complaint_moves_images_and_its_loss_moves_the_critic() -> None:
    torch.manual_seed(0)
    critic = PatchCritic(8)
    decoded, original = torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32)
    refined = torch.rand(2, 3, 32, 32, requires_grad=True)
    assert critic(refined, decoded).shape == (2, 1, 4, 4)
    critic.complaint(refined, decoded).backward()
    assert refined.grad is not None
    assert refined.grad.abs().max() > 0
    assert all(p.grad is None for p in critic.parameters())
    refined.grad = None
    critic.loss(refined, original, decoded).backward()
    assert refined.grad is None
    assert all(p.grad is not None for p in critic.parameters())


def test_a_critic_learns_to_tell_noise_from_a_photo() -> None:
    torch.manual_seed(0)
    critic = PatchCritic(8)
    photo = torch.from_numpy(PHOTOS[0][:64, :64].copy()).permute(2, 0, 1)[None] / 255.0
    noise, decoded = torch.rand(1, 3, 64, 64), torch.full((1, 3, 64, 64), 0.5)
    optimiser = torch.optim.Adam(critic.parameters(), 2e-3)
    for _ in range(60):
        optimiser.zero_grad()
        critic.loss(noise, photo, decoded).backward()
        optimiser.step()
    assert critic(photo, decoded).mean() > critic(noise, decoded).mean() + 0.5


def test_pairs_are_what_two_streams_make_of_a_picture() -> None:
    links = LinkRange(rates=(96,), snr_low=15.0, rayleigh=0.0)
    maker = GenedPairMaker(small_codec(), CropSampler(PHOTOS, 0), links, 64, 32, seed=1)
    pairs = maker.make(2)
    assert pairs.decoded.shape == pairs.original.shape == (8, 3, 32, 32)
    assert pairs.decoded.dtype == torch.uint8
    assert not torch.equal(pairs.decoded, pairs.original)
    again = GenedPairMaker(small_codec(), CropSampler(PHOTOS, 0), links, 64, 32, seed=1).make(2)
    assert torch.equal(pairs.decoded, again.decoded)


def test_images_that_brisque_has_no_value_for_do_not_count() -> None:
    flat = np.full((64, 64, 3), 90, np.uint8)
    photo = PHOTOS[1][:96, :96]
    assert mean_brisque([flat, photo]) == mean_brisque([photo])
    assert np.isnan(mean_brisque([flat]))


def test_what_is_missing_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no weights called 'nobody'"):
        prepared("editor", folder, tmp_path, "codec=nobody")
    with pytest.raises(WeightsError, match="an editor starts from a refiner"):
        prepared("editor", folder, tmp_path, "refiner=none")
    with pytest.raises(FileNotFoundError, match="no training photo of 512 pixels"):
        prepared("editor", folder, tmp_path, "picture=512", "tile=512")
