"""Training: channels that are drawn, a short run, resumption and export."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.data import astronaut, chelsea, coffee

from gensc_models.codecs.jscc import load_jscc
from gensc_models.training.channel import ChannelSampler, OperatingRange
from gensc_models.training.evaluation.photo import evaluate, markdown_table
from gensc_models.training.export.photo import export
from gensc_models.training.recipes.photo import TrainConfig, distortion_loss, train
from gensc_models.weights.store import WeightsError
from small_network import SMALL


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
        data=(folder,), out=out, model=SMALL, minutes=10.0, max_steps=5, warmup_steps=1,
        statistics_crops=30, validation_photos=2, crop_shapes=((64, 2, 0.5), (32, 8, 0.5)),
        threads=torch.get_num_threads(),
    )  # fmt: skip
    return replace(base, **changes)


def test_a_run_stops_resumes_and_can_be_exported(folder: Path, tmp_path: Path) -> None:
    checkpoint = train(config(folder, tmp_path / "run"))
    first = torch.load(checkpoint, weights_only=True)
    train(config(folder, tmp_path / "run", max_steps=8))
    second = torch.load(checkpoint, weights_only=True)
    assert (first["step"], second["step"]) == (5, 8)
    assert second["minutes"] > first["minutes"]
    moved = (first["model"]["linear.analysis"] - second["model"]["linear.analysis"]).abs().max()
    assert 0 < moved < 1e-3
    assert torch.equal(first["statistics"]["basis"], second["statistics"]["basis"])
    records = [json.loads(s) for s in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == [0, 5, 8]
    assert records[0]["linear"].keys() == records[1]["psnr"].keys()
    assert all(value > 10 for value in records[2]["psnr"].values())

    softcast, learned = export(checkpoint, tmp_path / "weights")
    assert load_jscc(softcast).network.encoder is None
    stored = load_jscc(learned).network.state_dict()["linear.analysis"]
    torch.testing.assert_close(stored, second["average"]["linear.analysis"], atol=1e-3, rtol=0)


def test_finished_run_is_left_alone(folder: Path, tmp_path: Path) -> None:
    checkpoint = train(config(folder, tmp_path, max_steps=1))
    before = checkpoint.read_bytes()
    train(config(folder, tmp_path, max_steps=1))
    assert checkpoint.read_bytes() == before


def test_training_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no image files"):
        train(config(tmp_path, tmp_path / "out"))
    Image.new("RGB", (60, 60)).save(tmp_path / "small.png")
    with pytest.raises(FileNotFoundError, match="64 pixels"):
        train(config(tmp_path, tmp_path / "out"))


def test_unreadable_checkpoint_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="unusable checkpoint"):
        export(tmp_path / "nothing.pt", tmp_path)


def test_snr_starts_at_the_high_end_and_widens() -> None:
    channel = ChannelSampler(OperatingRange(), torch.Generator().manual_seed(1))
    early, known, _ = channel.operating_points(2000, progress=0.0)
    late, _, rate = channel.operating_points(2000, progress=0.5)
    assert early.min() >= 15.0
    assert late.min() < 0.5
    assert late.max() > 19.5
    assert (known - early).std().item() == pytest.approx(1.5, abs=0.15)
    assert set(OperatingRange().rates) <= set(rate.tolist())


def test_training_channel_adds_exactly_the_noise_it_reports() -> None:
    channel = ChannelSampler(OperatingRange(), torch.Generator().manual_seed(2))
    precision = channel.precision(torch.full((200,), 10.0), 8, 8, 8)
    lossy = (precision == 0).flatten(1).any(dim=1).float().mean()
    assert 0.08 < lossy < 0.22
    sent = torch.ones_like(precision)
    received = channel.transmit(sent, precision)
    assert (received[precision == 0] == 0).all()
    known = precision > 1e-3
    whitened = ((received - sent).square() * precision)[known].mean().item()
    assert whitened == pytest.approx(1.0, rel=0.03)


def test_loss_counts_decibels_per_image() -> None:
    image, reference = torch.zeros(2, 3, 4, 4), torch.zeros(2)
    error = torch.tensor([0.1, 0.01])[:, None, None, None]
    halved = distortion_loss(image + error / 2, image, reference)
    assert (distortion_loss(image + error, image, reference) - halved).item() == pytest.approx(
        np.log(4), abs=1e-5
    )


def test_table_has_a_row_per_rate_and_shows_the_baseline() -> None:
    points = evaluate(load_jscc("softcast"), [astronaut()[:64, :64]], (16, 32), (0.0, 10.0))
    assert [(p.rate, p.snr_db) for p in points] == [(16, 0.0), (16, 10.0), (32, 0.0), (32, 10.0)]
    assert {p.csi for p in points} == {"perfect"}
    lossy = evaluate(load_jscc("softcast"), [astronaut()[:64, :64]], (16,), (10.0,), erased=0.2)
    assert lossy[0].psnr_db < points[1].psnr_db
    lines = markdown_table(points, points).splitlines()
    assert lines[0] == "| CBR | 0 dB | 10 dB |"
    assert lines[2].startswith("| 16/768 = 1/48 | ")
    assert lines[2].count(f"({points[0].psnr_db:.2f})") == 1
    assert len(lines) == 4
