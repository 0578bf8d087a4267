"""DeepJSCC: shares of time, order of the networks, later rounds."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gensc_models.codecs.deepjscc.network import Autoencoder, DeepJsccConfig
from gensc_models.codecs.jscc import CodecConfig, JsccCodec, load_jscc
from gensc_models.data.cifar import shuffled_batches
from gensc_models.training.recipes.deepjscc import psnr_of
from gensc_models.training.run import TrainingRun
from gensc_models.weights.store import WeightsError
from small_training import prepared, store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store(tmp_path_factory.mktemp("training"))


def step(run: TrainingRun) -> None:
    run.descend(run.loss(torch.rand(4, 3, 32, 32)))


def test_the_first_network_gets_the_largest_share(folder: Path, tmp_path: Path) -> None:
    recipe = prepared("deepjscc", folder, tmp_path, "snrs_db=1,4,7,10,13").recipe
    shares = recipe.stages()
    assert shares[0] == 0.35
    assert sum(shares) == pytest.approx(1.0)
    assert len(set(shares[1:])) == 1
    recipe.again = True
    assert recipe.stages() == pytest.approx((0.2,) * 5)


def test_lower_snrs_start_from_the_average_of_the_one_above(folder: Path, tmp_path: Path) -> None:
    run = prepared("deepjscc", folder, tmp_path, max_steps=9)
    assert run.recipe.order == [10.0, 4.0]
    step(run)
    above = {k: v.clone() for k, v in run.average.networks[1].state_dict().items()}
    run._enter(1)
    for network in (run.network.networks[0], run.average.networks[0]):
        assert all(torch.equal(network.state_dict()[k], above[k]) for k in above)
    step(run)
    kept = run.average.networks[1].state_dict()
    assert all(torch.equal(kept[k], above[k]) for k in above), "its turn is over"


def test_later_networks_learn_more_slowly(folder: Path, tmp_path: Path) -> None:
    run = prepared("deepjscc", folder, tmp_path, max_steps=1000)
    step(run)
    first = run.optimisers.rate
    run._enter(1)
    step(run)
    # Both a little into their cosines.
    assert run.optimisers.rate == pytest.approx(0.6 * first, rel=1e-2)


def test_in_later_rounds_every_network_goes_on_from_itself(folder: Path, tmp_path: Path) -> None:
    prepared("deepjscc", folder, tmp_path, max_steps=4).train()
    again = prepared("deepjscc", folder, tmp_path, max_steps=8)
    assert (again.round, again.stage) == (1, 0)
    own = {k: v.clone() for k, v in again.average.state_dict().items()}
    again._enter(1)
    assert all(torch.equal(v, own[k]) for k, v in again.average.state_dict().items())
    assert all(torch.equal(v, own[k]) for k, v in again.network.state_dict().items())


def test_a_run_goes_on_from_weights_with_some_of_the_networks(folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(3)
    start = JsccCodec(CodecConfig("start", (128,), DeepJsccConfig((4.0, 10.0))))
    start.save_pretrained(tmp_path / "start")
    more = (f"start={tmp_path / 'start'}", "only=4")
    trained = load_jscc(prepared("deepjscc", folder, tmp_path / "run", *more).train())
    before, after = (codec.network.networks for codec in (load_jscc(tmp_path / "start"), trained))
    same = [
        all(torch.equal(a, b) for a, b in zip(x.parameters(), y.parameters(), strict=True))
        for x, y in zip(before, after, strict=True)
    ]
    assert same == [False, True]


def test_what_cannot_be_trained_is_named(folder: Path, tmp_path: Path) -> None:
    for more, message in (
        (("only=4",), "not trained from nothing"),
        (("start=softcast", "only=3"), "no network for 3 dB"),
        (("start=softcast",), "'softcast' are not DeepJSCC"),
        (("validation_images=99999",), "no image beyond the 80 held out"),
    ):
        with pytest.raises((ValueError, WeightsError), match=message):
            prepared("deepjscc", folder, tmp_path / "x", *more)
    with pytest.raises(ValueError, match="alone and whole"):
        prepared("deepjscc", folder, tmp_path, exclude_prefix=("test_",))


def test_an_epoch_shows_every_image_once_mirrored_or_not() -> None:
    images = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.ones((1, 32, 32, 3), np.uint8)
    images[:, :, 0] += 100
    draw = shuffled_batches(images, 2, seed=1)
    seen = [draw() for _ in range(3)]
    right = torch.cat([batch[:, 0, 0, 1] for batch in seen]) * 255
    assert sorted(right.round().int().tolist()) == list(range(6))
    edges = torch.cat([batch[:, 0, 0, 0] > batch[:, 0, 0, -1] for batch in seen])
    assert edges.any()
    assert not edges.all()
    assert shuffled_batches(images, 99, seed=1)().shape == (6, 3, 32, 32)


def test_both_psnrs_are_those_of_the_literature() -> None:
    network = Autoencoder()
    images = np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3), dtype=np.uint8)
    found = psnr_of(network, images, 10.0)
    assert found == psnr_of(network, images, 10.0), "the same noise every time"
    assert found["mean PSNR (dB)"] >= found["PSNR of the mean error (dB)"]
