"""Training DeepJSCC: shares of time, a short run, resumption and export."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.data import astronaut

from gensc_models.codecs.deepjscc.network import Autoencoder, DeepJsccConfig
from gensc_models.codecs.jscc import JsccCodec, load_jscc
from gensc_models.training.export.deepjscc import DEEPJSCC_CIFAR, export
from gensc_models.training.recipes.deepjscc import (
    DeepJsccTrainConfig,
    TrainingRun,
    image_batches,
    share_minutes,
    train,
    validate,
)
from gensc_models.weights.store import WeightsError


@pytest.fixture(scope="module")
def cifar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in the official layout with pieces of a photo for images."""
    folder = tmp_path_factory.mktemp("cifar")
    photo = astronaut()
    random = np.random.default_rng(0)
    for i in range(1, 6):
        corners = random.integers(0, 480, (20, 2))
        images = np.stack([photo[y : y + 32, x : x + 32] for y, x in corners])
        planes = images.transpose(0, 3, 1, 2).reshape(20, -1)
        records = np.concatenate([np.zeros((20, 1), np.uint8), planes], axis=1)
        records.tofile(folder / f"data_batch_{i}.bin")
    return folder


def config(cifar: Path, out: Path, **changes: object) -> DeepJsccTrainConfig:
    base = DeepJsccTrainConfig(
        data=cifar, out=out, minutes=60.0, max_steps=6, warmup_steps=1, batch=8,
        model=DeepJsccConfig((4.0, 10.0)), validation_images=10, threads=torch.get_num_threads(),
    )  # fmt: skip
    return replace(base, **changes)


def records(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def test_shares_add_up_to_the_time_asked_for(tmp_path: Path) -> None:
    asked = DeepJsccTrainConfig(data=tmp_path, out=tmp_path, minutes=50.0)
    shares = [share_minutes(asked, stage) for stage in range(5)]
    assert sum(shares) == pytest.approx(50.0)
    assert shares[0] == pytest.approx(17.5)
    assert len(set(shares[1:])) == 1
    again = [share_minutes(asked, stage, earlier_rounds=20.0) for stage in range(5)]
    assert again == pytest.approx([6.0] * 5)
    alone = replace(asked, model=DeepJsccConfig((10.0,)))
    assert share_minutes(alone, 0) == 50.0


def test_a_run_stops_and_resumes_where_it_was(cifar: Path, tmp_path: Path) -> None:
    checkpoint = train(config(cifar, tmp_path))
    first = torch.load(checkpoint, weights_only=True)
    train(config(cifar, tmp_path, max_steps=9))
    second = torch.load(checkpoint, weights_only=True)
    assert (first["step"], second["step"]) == (6, 9)
    assert (first["stage"], second["stage"]) == (0, 0)
    assert second["minutes"] > first["minutes"] > 0
    assert [(r["step"], r["snr_db"]) for r in records(tmp_path)] == [(6, 10.0), (9, 10.0)]
    name = "networks.1.encoder.0.weight"
    moved = (first["model"][name] - second["model"][name]).abs().max().item()
    assert 0 < moved < 0.2
    untouched = "networks.0.encoder.0.weight"
    assert torch.equal(first["model"][untouched], second["model"][untouched])


def test_lower_snrs_start_from_the_average_of_the_one_above(cifar: Path, tmp_path: Path) -> None:
    run = TrainingRun(config(cifar, tmp_path))
    assert run.snr_db == 10.0
    run.advance(torch.rand(4, 3, 32, 32))
    above = {k: v.clone() for k, v in run.averaged.state_dict().items()}
    run.next_stage()
    assert run.snr_db == 4.0
    for state in (run.network.state_dict(), run.averaged.state_dict()):
        assert all(torch.equal(state[k], above[k]) for k in above)
    run.advance(torch.rand(4, 3, 32, 32))
    kept = run.average.networks[1].state_dict()
    assert all(torch.equal(kept[k], above[k]) for k in above)


def test_learning_rate_falls_to_nothing_and_starts_lower_for_later_networks(
    cifar: Path, tmp_path: Path
) -> None:
    run = TrainingRun(config(cifar, tmp_path, minutes=1e-9))
    run.advance(torch.rand(2, 3, 32, 32))
    assert run.progress == 1.0
    assert run.learning_rate() == pytest.approx(0.0, abs=1e-12)
    assert run.stage_done
    patient = TrainingRun(config(cifar, tmp_path))
    start = patient.learning_rate()
    patient.next_stage()
    assert patient.learning_rate() == pytest.approx(0.6 * start)


def test_every_network_gets_its_turn_and_the_weights_load(cifar: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    checkpoint = train(config(cifar, out, minutes=0.006, max_steps=None))
    assert sorted({r["snr_db"] for r in records(out)}) == [4.0, 10.0]
    again = records(out)
    train(config(cifar, out, minutes=0.006, max_steps=None))
    assert records(out) == again

    folder = export(checkpoint, tmp_path / "weights")
    assert folder.name == "deepjscc-cifar"
    codec = load_jscc(folder)
    assert codec.rates == (128,)
    average = torch.load(checkpoint, weights_only=True)["average"]
    stored = codec.network.state_dict()
    for name, tensor in average.items():
        torch.testing.assert_close(stored[name], tensor, rtol=1e-3, atol=1e-6)
    image = astronaut()[:40, :50]
    sent = codec.encode_image(image, 128, 9.0)
    assert sent.cbr * 3 * 40 * 50 == 3 * 4 * 128
    noise_var = np.full(len(sent.symbols), 0.1, np.float32)
    decoded = codec.decode_image(sent.received(sent.symbols, noise_var))
    assert decoded.shape == image.shape
    with pytest.raises(ValueError, match="rate 128"):
        codec.encode_image(image, 64, 9.0)


def test_a_finished_run_given_more_time_goes_round_once_more(cifar: Path, tmp_path: Path) -> None:
    checkpoint = train(config(cifar, tmp_path, minutes=0.002, max_steps=None))
    first = torch.load(checkpoint, weights_only=True)
    train(config(cifar, tmp_path, minutes=first["minutes"] + 0.002, max_steps=None))
    second = torch.load(checkpoint, weights_only=True)
    assert (first["round"], second["round"]) == (0, 1)
    order = [(r["round"], r["snr_db"]) for r in records(tmp_path)]
    assert list(dict.fromkeys(order)) == [(0, 10.0), (0, 4.0), (1, 10.0), (1, 4.0)]


def test_in_later_rounds_every_network_goes_on_from_itself(cifar: Path, tmp_path: Path) -> None:
    run = TrainingRun(config(cifar, tmp_path))
    run.advance(torch.rand(4, 3, 32, 32))
    run.next_stage()
    run.advance(torch.rand(4, 3, 32, 32))
    own = {k: v.clone() for k, v in run.average.state_dict().items()}
    run.next_round()
    assert run.snr_db == 10.0
    run.next_stage()
    assert run.snr_db == 4.0
    assert all(torch.equal(v, own[k]) for k, v in run.average.state_dict().items())
    assert all(torch.equal(v, own[k]) for k, v in run.model.state_dict().items())


def test_half_a_run_is_not_exported(cifar: Path, tmp_path: Path) -> None:
    checkpoint = train(config(cifar, tmp_path, max_steps=1))
    with pytest.raises(WeightsError, match="1 of 2 networks"):
        export(checkpoint, tmp_path / "weights")
    with pytest.raises(WeightsError, match="unusable checkpoint"):
        export(tmp_path / "nothing.pt", tmp_path)


def test_a_checkpoint_of_another_run_is_refused(cifar: Path, tmp_path: Path) -> None:
    train(config(cifar, tmp_path, max_steps=1))
    with pytest.raises(ValueError, match="another kind of run"):
        train(config(cifar, tmp_path, model=DeepJsccConfig((7.0,))))


def test_training_without_images_is_refused(cifar: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file"):
        train(config(tmp_path / "nowhere", tmp_path / "out"))
    with pytest.raises(ValueError, match="beyond the 100 held out"):
        train(config(cifar, tmp_path / "out", validation_images=100))


def test_batches_are_whole_images_half_of_them_mirrored() -> None:
    images = np.zeros((40, 32, 32, 3), np.uint8)
    images[:, :, 0, 1] = 200
    batches = image_batches(images, 16, seed=1)
    left, right = 0, 0
    for _ in range(20):
        batch = next(batches)
        assert batch.shape == (16, 3, 32, 32)
        left += int((batch[:, 1, 0, 0] > 0).sum())
        right += int((batch[:, 1, 0, 31] > 0).sum())
    assert left + right == 320
    assert 110 < left < 210


def test_validation_states_both_conventions() -> None:
    network = Autoencoder()
    easy, hard = np.full((2, 32, 32, 3), 128, np.uint8), np.full((2, 32, 32, 3), 255, np.uint8)
    network.forward = lambda image, snr_db: torch.full_like(image, 0.52)  # type: ignore[method-assign]
    found = validate(network, np.concatenate([easy, hard]), 10.0)
    levels = round(0.52 * 255)
    errors = [((levels - value) / 255) ** 2 for value in (128, 255)]
    assert found["mean_psnr"] == pytest.approx(-10 * np.mean(np.log10(errors)), abs=2e-3)
    assert found["psnr_of_mean_mse"] == pytest.approx(-10 * np.log10(np.mean(errors)), abs=2e-3)
    assert found["mean_psnr"] > found["psnr_of_mean_mse"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random networks for 4, 7 and 10 dB."""
    torch.manual_seed(5)
    codec = JsccCodec(replace(DEEPJSCC_CIFAR, network=DeepJsccConfig((4.0, 7.0, 10.0))))
    folder = tmp_path_factory.mktemp("start") / "deepjscc-cifar"
    codec.save_pretrained(folder)
    return folder


def test_a_run_goes_on_from_weights_as_a_later_round_with_equal_shares(
    cifar: Path, weights: Path, tmp_path: Path
) -> None:
    three = DeepJsccConfig((4.0, 7.0, 10.0))
    chosen = config(
        cifar, tmp_path, minutes=0.004, max_steps=None, model=three, start=str(weights),
        only=(4.0, 10.0), bfloat16=True,
    )  # fmt: skip
    assert [share_minutes(chosen, stage) for stage in range(2)] == [0.002, 0.002]
    checkpoint = train(chosen)
    order = [(r["round"], r["snr_db"]) for r in records(tmp_path)]
    assert list(dict.fromkeys(order)) == [(1, 10.0), (1, 4.0)]
    start = load_jscc(weights).network.state_dict()
    average = torch.load(checkpoint, weights_only=True)["average"]
    same = {name.split(".")[1] for name in start if torch.equal(start[name], average[name])}
    moved = {name.split(".")[1] for name in start if not torch.equal(start[name], average[name])}
    assert (same, moved) == ({"1"}, {"0", "2"})
    assert load_jscc(export(checkpoint, tmp_path / "weights")).config.network == three


def test_weights_to_go_on_from_must_have_the_networks(
    cifar: Path, weights: Path, tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match="are not DeepJSCC for the SNRs of this run"):
        train(config(cifar, tmp_path, start=str(weights)))
    with pytest.raises(WeightsError, match="softcast"):
        train(config(cifar, tmp_path, start="softcast"))
    with pytest.raises(ValueError, match="no network for 5 dB"):
        config(cifar, tmp_path, start=str(weights), only=(5.0,))
    with pytest.raises(ValueError, match="not trained from nothing"):
        config(cifar, tmp_path, only=(4.0,))
