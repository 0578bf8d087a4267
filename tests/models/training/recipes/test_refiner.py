"""Training the refiner: pairs from a frozen codec, two steps, resumption, calibration, export."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut, chelsea, coffee

from gensc_models import WeightsError
from gensc_models.codecs.jscc import JsccCodec, load_jscc
from gensc_models.data.photos import CropSampler
from gensc_models.restore.refiner import load_refiner
from gensc_models.restore.refiner.calibration import fit_applied, fit_calibration
from gensc_models.restore.refiner.network import RefinerNetwork
from gensc_models.restore.refiner.pairs import LinkRange, PairMaker, PairPool, Pairs, transmit
from gensc_models.restore.refiner.scales import calibration
from gensc_models.training.export.refiner import export
from gensc_models.training.recipes.refiner import (
    ImageSetSampler,
    RefinerTrainConfig,
    restoration_loss,
    train,
)
from small_refiner import SMALL

RATES = (32, 64)


@pytest.fixture(scope="module")
def codec() -> JsccCodec:
    return load_jscc("softcast")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for i, image in enumerate((astronaut(), chelsea(), coffee())):
        for j in range(2):
            part = image[40 * j : 40 * j + 200, 60 * j : 60 * j + 220]
            Image.fromarray(part).save(folder / f"{i}{j}.png")
    return folder


def maker(codec: JsccCodec, links: LinkRange, size: int = 64, tile: int = 32) -> PairMaker:
    return PairMaker([codec], CropSampler([astronaut()], seed=1), links, size, tile, seed=1)


def config(folder: Path, out: Path, **changes: object) -> RefinerTrainConfig:
    base = RefinerTrainConfig(
        codec="softcast", data=(folder,), out=out, model=SMALL, minutes=10.0, max_steps=6,
        first_fraction=0.5, size=64, tile=32, batch=4, warmup_steps=1, validation_images=2,
        validation_side=64,
        pool_pixels=2**17, start_pixels=2**15, filter_pixels=2**16, calibration_pixels=2**14,
        threads=torch.get_num_threads(),
    )  # fmt: skip
    return replace(base, **changes)


def records(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def test_a_run_takes_both_steps_resumes_and_can_be_exported(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    train(config(folder, out, max_steps=6))
    first = torch.load(out / "checkpoint.pt", weights_only=True)
    assert (first["step"], first["step_of_phase"]) == (6, 3)
    train(config(folder, out, max_steps=9))
    second = torch.load(out / "checkpoint.pt", weights_only=True)
    assert (second["step"], second["step_of_phase"]) == (9, 6)
    assert second["minutes"] > first["minutes"]
    for name, tensor in first["first"].items():
        assert torch.equal(tensor, second["first"][name]), "the first step's networks are frozen"
    log = [record for record in records(out) if "phase" in record]
    assert [(record["step"], record["phase"]) for record in log] == [(3, 1), (6, 2), (9, 2)]
    assert log[0]["prior_loss"] == 0.0 < log[1]["prior_loss"]
    assert log[0]["coarse"].keys() == log[0]["refined"].keys() == log[0]["gain"].keys()
    assert len(log[0]["gain"]) >= 4

    refiner = load_refiner(export(out / "checkpoint.pt", tmp_path / "small"))
    assert refiner.name == "small"
    assert refiner.config == replace(SMALL, calibration=tuple(second["calibration"]))
    stored = refiner.network.state_dict()["restoration.first.weight"]
    torch.testing.assert_close(
        stored, second["average"]["restoration.first.weight"], atol=1e-3, rtol=0
    )


def test_finished_run_is_left_alone(folder: Path, tmp_path: Path) -> None:
    checkpoint = train(config(folder, tmp_path))
    before = checkpoint.read_bytes()
    train(config(folder, tmp_path))
    assert checkpoint.read_bytes() == before


def test_small_images_of_a_set_can_be_trained_on(tmp_path: Path) -> None:
    tiles = astronaut()[:256, :256].reshape(8, 32, 8, 32, 3).swapaxes(1, 2).reshape(64, 32 * 32, 3)
    folder = tmp_path / "cifar"
    folder.mkdir()
    planes = tiles.transpose(0, 2, 1).reshape(64, -1)
    labelled = np.concatenate([np.zeros((64, 1), np.uint8), planes], axis=1)
    for i in range(1, 6):
        labelled.tofile(folder / f"data_batch_{i}.bin")
    train(config(tmp_path, tmp_path / "out", data=(), cifar=folder, rates=(128,)))
    assert records(tmp_path / "out")[-1]["step"] == 6


def test_the_filter_is_solved_for_before_training_and_stays(folder: Path, tmp_path: Path) -> None:
    model = replace(SMALL, solved_filter=True)
    checkpoint = train(config(folder, tmp_path / "run", model=model))
    state = torch.load(checkpoint, weights_only=True)
    kernels = state["first"]["restoration.solved.kernels"]
    assert kernels.abs().max() > 0
    for network in ("second", "average"):
        assert torch.equal(state[network]["restoration.solved.kernels"], kernels)
    assert records(tmp_path / "run")[0]["filter_alone"]["gain"].keys()
    assert load_refiner(export(checkpoint, tmp_path / "small")).config.solved_filter


@pytest.mark.parametrize("data", [{"data": ()}, {"cifar": Path("cifar")}])
def test_contradictory_data_are_refused(folder: Path, tmp_path: Path, data: dict) -> None:
    with pytest.raises(ValueError, match="either folders of photos or CIFAR-10"):
        train(config(folder, tmp_path, **data))


def test_photos_that_are_too_small_are_refused(tmp_path: Path) -> None:
    Image.new("RGB", (60, 60)).save(tmp_path / "small.png")
    with pytest.raises(FileNotFoundError, match="64 pixels"):
        train(config(tmp_path, tmp_path / "out"))


def test_a_checkpoint_without_the_second_step_is_not_exported(folder: Path, tmp_path: Path) -> None:
    checkpoint = train(config(folder, tmp_path, first_fraction=1.0, max_steps=2))
    with pytest.raises(WeightsError, match="first step"):
        export(checkpoint, tmp_path / "small")
    with pytest.raises(WeightsError, match="unusable checkpoint"):
        export(tmp_path / "nothing.pt", tmp_path / "small")


def test_pairs_are_aligned_tiles_and_noisier_at_low_snr(codec: JsccCodec) -> None:
    links = LinkRange(rates=RATES, rayleigh=0.0, mean_told=0.0, receiver_error_db=0.0)
    pairs = maker(codec, links).make(24)
    assert pairs.decoded.shape == pairs.original.shape == (96, 3, 32, 32)
    assert pairs.decoded.dtype == pairs.original.dtype == torch.uint8
    assert torch.equal(pairs.snr_db[::4], pairs.snr_db[3::4]), "tiles of an image share its SNR"
    error = (pairs.decoded.float() - pairs.original.float()).square().mean(dim=(1, 2, 3))
    shuffled = (pairs.decoded.float() - pairs.original.roll(1, 0).float()).square().mean()
    assert error.mean() < 0.3 * shuffled
    assert error[pairs.snr_db < 7].mean() > 2 * error[pairs.snr_db > 13].mean()


def test_transmission_without_noise_leaves_only_what_the_rate_cannot_carry(
    codec: JsccCodec,
) -> None:
    image = torch.from_numpy(astronaut()[:64, :64].copy()).permute(2, 0, 1)[None].float() / 255.0
    sixty = torch.tensor([60.0])
    design, rate = torch.tensor([20.0]), torch.tensor([128])
    clean = transmit(codec, image, sixty, design, rate, torch.Generator().manual_seed(1))
    noisy = transmit(
        codec, image, torch.tensor([0.0]), design, rate, torch.Generator().manual_seed(1)
    )
    error = [(x.float() / 255.0 - image).square().mean().item() for x in (clean, noisy)]
    assert error[0] < 0.1 * error[1]


def test_links_have_the_spread_asked_for(codec: JsccCodec) -> None:
    links = LinkRange(rates=RATES, rayleigh=0.5, mean_told=0.0, receiver_error_db=0.5)
    met, design, told, rate = maker(codec, links).draw_links(20000)
    assert set(rate.tolist()) == set(RATES)
    assert met.min().item() == links.lowest_met_db
    assert (told - met).std().item() == pytest.approx(0.5, rel=0.05)
    # Half the images fade: the mean power gain is still 1.
    gain_db = (met - design)[met > 0]
    assert gain_db.std() > 2.0
    calm = replace(links, rayleigh=0.0)
    met, design, _, _ = maker(codec, calm).draw_links(20000)
    assert met.min() >= 0.0
    assert (met - design).std().item() == pytest.approx(1.0, rel=0.05)


def test_tiles_must_fill_the_picture(codec: JsccCodec) -> None:
    with pytest.raises(ValueError, match="multiple"):
        maker(codec, LinkRange(rates=RATES), size=64, tile=48)


def test_pool_replaces_the_oldest_pairs(codec: JsccCodec) -> None:
    pool = PairPool(maker(codec, LinkRange(rates=RATES)), capacity=64, seed=1)
    pool.fill(8)
    assert pool.filled == 32
    pool.fill(1000)
    assert pool.filled == len(pool.everything()) == 64
    before = pool.everything().snr_db.clone()
    pool.refresh(2)
    changed = pool.everything().snr_db != before
    assert changed[:8].all()
    assert not changed[8:].any()
    assert len(pool.sample(5)) == 5


def test_image_sets_are_drawn_whole_and_sometimes_mirrored() -> None:
    images = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    drawn = ImageSetSampler(images, seed=1).batch(40, 4).permute(0, 2, 3, 1) * 255.0
    kinds = {tuple(image.flatten().round().int().tolist()) for image in drawn}
    expected = {tuple(x.flatten().tolist()) for image in images for x in (image, image[:, ::-1])}
    assert kinds == expected
    with pytest.raises(ValueError, match="not 8x8"):
        ImageSetSampler(images, seed=1).batch(1, 8)


def test_loss_is_the_mean_error_plus_decibels_gained() -> None:
    original = torch.zeros(2, 3, 8, 8)
    decoded = original + torch.tensor([0.1, 0.01])[:, None, None, None]
    assert restoration_loss(decoded, decoded, original, 1.0).item() == pytest.approx(
        0.055, abs=1e-4
    )
    halved = restoration_loss(decoded / 2, decoded, original, 1.0).item()
    assert halved == pytest.approx(0.0275 + np.log(0.35 / 1.1), abs=1e-2)


def overshooting(overshoot: dict[float, float]) -> tuple[RefinerNetwork, Pairs]:
    """A network that corrects a constant error by these factors at these SNRs, and such errors."""
    network = RefinerNetwork(SMALL)
    truth = torch.full((60, 3, 32, 32), 120, dtype=torch.uint8)
    snr_db = torch.tensor([0.0, 10.0, 20.0]).repeat(20)

    def corrected(image: torch.Tensor, snr: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        factor = torch.tensor([overshoot[s] for s in snr.tolist()])
        return image + factor[:, None, None, None] * 20 / 255

    network.forward = corrected  # type: ignore[method-assign]
    return network, Pairs(truth - 20, truth, snr_db)


def test_calibration_finds_the_best_strength_at_each_snr() -> None:
    """A correction that is right at 0 dB, twice too strong at 10 and plainly wrong at 20."""
    network, pairs = overshooting({0.0: 1.0, 10.0: 2.0, 20.0: -1.0})
    factors = fit_calibration(network, pairs)
    assert factors[0] == pytest.approx(1.0, abs=0.01)
    assert factors[2] == pytest.approx(0.5, abs=0.01)
    assert factors[4] == 0.0


def test_calibration_is_interpolated_and_kept_beyond_its_ends() -> None:
    factors = (1.0, 0.8, 0.6, 0.4, 0.0)
    snr_db = torch.tensor([-9.0, 0.0, 2.5, 10.0, 17.5, 20.0, 50.0])
    expected = torch.tensor([1.0, 1.0, 0.9, 0.6, 0.2, 0.0, 0.0])
    torch.testing.assert_close(calibration(snr_db, factors), expected)


def test_the_share_applied_suits_the_group_that_wants_least() -> None:
    network, pairs = overshooting({0.0: 1.0, 10.0: 2.0, 20.0: -1.0})
    half = Pairs(pairs.decoded + 10, pairs.original, pairs.snr_db)
    assert fit_applied(network, [pairs])[::2] == pytest.approx((1.0, 0.5, 0.0), abs=0.01)
    assert fit_applied(network, [pairs, half])[::2] == pytest.approx((0.5, 0.25, 0.0), abs=0.01)
