"""The codec around a linear code: where it starts, what it learns, and the linear code alone."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gensc_models.codecs.jscc import load_jscc
from gensc_models.training.residual import distortion_loss
from gensc_models.weights.store import WeightsError
from small_training import prepared, store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store(tmp_path_factory.mktemp("training"))


def test_it_starts_from_the_linear_code_which_learns_slowly(folder: Path, tmp_path: Path) -> None:
    run = prepared("photo", folder, tmp_path, max_steps=3)
    start = run.network.linear.analysis.detach().clone()
    assert start.abs().max() > 0
    run.train()
    moved = (run.network.linear.analysis - start).abs().max().item()
    assert 0 < moved < 1e-3
    records = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert all(r["validation"]["PSNR (dB)"]["C32@5dB"] > 10 for r in records)


def test_the_linear_code_alone_is_what_the_codec_starts_from(folder: Path, tmp_path: Path) -> None:
    alone = load_jscc(prepared("softcast", folder, tmp_path / "linear").train())
    assert alone.network.encoder is None
    whole = prepared("photo", folder, tmp_path / "whole").network.linear
    torch.testing.assert_close(alone.network.linear.analysis, whole.analysis, atol=1e-3, rtol=0)


def test_it_goes_on_from_weights(folder: Path, tmp_path: Path) -> None:
    first = prepared("photo", folder, tmp_path / "first", max_steps=2)
    weights = first.train()
    again = prepared("photo", folder, tmp_path / "again", f"start={weights}")
    stored = first.average.state_dict()
    for name, tensor in again.network.state_dict().items():
        torch.testing.assert_close(tensor, stored[name], atol=1e-2, rtol=1e-2)
    with pytest.raises(WeightsError, match="no weights called 'absent'"):
        prepared("photo", folder, tmp_path / "none", "start=absent")


def test_photos_that_are_not_there_or_too_small_are_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="no image files"):
        prepared("photo", folder, tmp_path / "out", data=tmp_path / "empty")
    Image.new("RGB", (20, 20)).save(tmp_path / "empty" / "small.png")
    with pytest.raises(FileNotFoundError, match="32 pixels"):
        prepared("photo", folder, tmp_path / "out", data=tmp_path / "empty")


def test_loss_counts_decibels_per_image() -> None:
    image, reference = torch.zeros(2, 3, 4, 4), torch.zeros(2)
    error = torch.tensor([0.1, 0.01])[:, None, None, None]
    halved = distortion_loss(image + error / 2, image, reference)
    assert (distortion_loss(image + error, image, reference) - halved).item() == pytest.approx(
        np.log(4), abs=1e-5
    )
