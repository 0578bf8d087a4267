"""Training the refiner: pairs from a frozen codec, two steps, calibration."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.data import astronaut

from gensc_models.codecs.jscc import JsccCodec, load_jscc
from gensc_models.data.photos import CropSampler
from gensc_models.restore.refiner import load_refiner
from gensc_models.restore.refiner.calibration import fit_applied, fit_calibration
from gensc_models.restore.refiner.config import CONFIGS
from gensc_models.restore.refiner.losses import restoration_loss
from gensc_models.restore.refiner.network import RefinerNetwork
from gensc_models.restore.refiner.pairs import (
    ImageSetSampler,
    LinkRange,
    PairMaker,
    PairPool,
    Pairs,
    calibration_pairs,
    transmit,
)
from gensc_models.restore.refiner.scales import calibration
from gensc_models.training.recipes import find
from small_refiner import SMALL
from small_training import prepared, store

RATES = (32, 64)


@pytest.fixture(scope="module")
def codec() -> JsccCodec:
    return load_jscc("softcast")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store(tmp_path_factory.mktemp("training"))


def maker(codec: JsccCodec, links: LinkRange, size: int = 64, tile: int = 32) -> PairMaker:
    return PairMaker([codec], CropSampler([astronaut()], seed=1), links, size, tile, seed=1)


def test_a_run_takes_both_steps_and_the_first_ones_networks_stay(
    folder: Path, tmp_path: Path
) -> None:
    run = prepared("refiner", folder, tmp_path, max_steps=6)
    for _ in range(3):
        run.descend(run.loss(run.recipe.sampler(1)()))
    run._enter(1)
    first = {k: v.clone() for k, v in run.network.first.state_dict().items()}
    for name, tensor in run.network.first.restoration.state_dict().items():
        assert torch.equal(tensor, run.network.second.restoration.state_dict()[name])
    terms = run.descend(run.loss(run.recipe.sampler(1)()))
    assert terms["prior"] > 0.0
    refiner = load_refiner(run.train())
    for name, tensor in run.network.first.state_dict().items():
        assert torch.equal(tensor, first[name]), "the first step's networks are frozen"
    assert refiner.config.calibration == tuple(run.recipe.strengths)
    stored = refiner.network.state_dict()["restoration.first.weight"]
    learned = run.average.second.restoration.first.weight
    torch.testing.assert_close(stored, learned, atol=1e-3, rtol=0)


def test_the_share_applied_is_cut_to_what_other_codecs_can_bear(
    folder: Path, tmp_path: Path
) -> None:
    more = ("applied_for=softcast", "applied_rates=32", "applied_fades_db=0,6")
    refiner = load_refiner(prepared("refiner", folder, tmp_path, *more).train())
    assert refiner.config.applied != SMALL.applied
    assert all(0.0 <= share <= 1.0 for share in refiner.config.applied)


def test_calibration_pairs_meet_every_snr_of_the_calibration(codec: JsccCodec) -> None:
    image = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    even, faded = (calibration_pairs(codec, image, 32, fade) for fade in (0.0, 6.0))
    assert even.snr_db.tolist() == [s for s in (0.0, 5.0, 10.0, 15.0, 20.0) for _ in range(2)]
    assert torch.equal(even.original, faded.original)
    assert not torch.equal(even.decoded, faded.decoded)


def test_small_images_of_a_set_can_be_trained_on(folder: Path, tmp_path: Path) -> None:
    options = find("refiner").options_for([folder / "cifar"])()
    assert (options.network, options.codec) == (CONFIGS["cifar"], ("swin-cifar",))
    run = prepared(
        "refiner", folder, tmp_path, "links.rates=128", data=folder / "cifar", max_steps=4
    )
    assert run.train().is_dir()


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
