"""The perceptual fine-tuning of a refiner, its critic, and the pairs it sees."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut, coffee

from gensc_models import WeightsError
from gensc_models.data.photos import CropSampler
from gensc_models.restore.refiner import Refiner, load_refiner
from gensc_models.restore.refiner.critic import PatchCritic
from gensc_models.restore.refiner.pairs import LinkRange
from gensc_models.semantics.importance.classifier import Classifier
from gensc_models.training.export.editor import export
from gensc_models.training.gened_pairs import GenedPairMaker
from gensc_models.training.recipes.editor import EditorTrainConfig, mean_brisque, train
from small_gened import small_codec
from small_importance import CLASSIFIER
from small_refiner import SMALL

PHOTOS = (astronaut(), coffee())


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos, and small weights of codec, refiner and classifier."""
    folder = tmp_path_factory.mktemp("parts")
    (folder / "photos").mkdir()
    for number, photo in enumerate((*PHOTOS, *PHOTOS)):
        Image.fromarray(photo[:256, :256]).save(folder / "photos" / f"{number}.png")
    small_codec().save_pretrained(folder / "codec")
    model = replace(SMALL, solved_filter=True)
    Refiner("refiner", model).save_pretrained(folder / "refiner")
    Classifier(CLASSIFIER).save_pretrained(folder / "classifier")
    return folder


def config(parts: Path, out: Path, **changes: object) -> EditorTrainConfig:
    base = EditorTrainConfig(
        data=(parts / "photos",), out=out, codec=str(parts / "codec"),
        refiner=str(parts / "refiner"), classifier=str(parts / "classifier"), rates=(64, 96),
        size=96, tile=48, batch=2, pool=16, start=8, held_out=2, minutes=10.0, max_steps=3,
        warmup_steps=1, threads=1,
    )  # fmt: skip
    return replace(base, **changes)


def test_a_run_goes_on_where_it_stopped_and_its_weights_edit_images(
    parts: Path, tmp_path: Path
) -> None:
    train(config(parts, tmp_path / "run", max_steps=2))
    checkpoint = train(config(parts, tmp_path / "run", max_steps=4))
    assert torch.load(checkpoint, weights_only=True)["step"] == 4
    records = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    names = {f"{what}_{which}" for what in ("psnr", "frechet") for which in ("decoded", "edited")}
    assert names < set(records[-1]["validation"])
    folder = export(checkpoint, tmp_path / "editor")
    editor = load_refiner(folder)
    assert editor.name == "editor"
    assert set(editor.config.applied) == {1.0}
    assert editor.config.anchored == 0.35
    image = PHOTOS[0][:64, :64]
    assert editor.refine(image, 5.0).shape == image.shape


def test_refiner_and_critic_both_learn_and_the_solved_filter_stays(
    parts: Path, tmp_path: Path
) -> None:
    states = []
    for steps in (1, 5):
        checkpoint = train(config(parts, tmp_path / str(steps), max_steps=steps, bfloat16=True))
        states.append(torch.load(checkpoint, weights_only=True)["network"])
    moved = {name for name in states[0] if not torch.equal(states[0][name], states[1][name])}
    assert any(name.startswith("network.restoration") for name in moved)
    assert any(name.startswith("critic.") for name in moved)
    assert not any("solved" in name for name in moved)


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


def test_what_is_missing_is_named(parts: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no weights called 'nobody'"):
        train(config(parts, tmp_path, codec="nobody"))
    with pytest.raises(FileNotFoundError, match="no training photo of 512 pixels"):
        train(config(parts, tmp_path, size=512))
    (tmp_path / "checkpoint.pt").write_bytes(b"junk")
    with pytest.raises(WeightsError, match="unusable checkpoint"):
        export(tmp_path / "checkpoint.pt", tmp_path / "editor")
