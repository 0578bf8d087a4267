"""`gensc train gened`: the trainer with the right configuration, and mistakes named in a line."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from gensc.cli.main import run
from gensc_models.training.recipes import gened as train_gened
from gensc_models.weights.hub import UnavailableError


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name in ("photos", "maps", "more"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (40, 40)).save(tmp_path / name / "a.png")
    return tmp_path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[train_gened.GenedTrainConfig]:
    """The configurations that the trainer was started with, without any training."""
    configs: list[train_gened.GenedTrainConfig] = []
    monkeypatch.setattr(train_gened, "train", configs.append)
    return configs


def call(folders: Path, *more: object) -> int:
    fixed = ["--data", folders / "photos", "--maps", folders / "maps", "--out", folders / "run"]
    words = ["train", "gened", *fixed, *more]
    return run([str(word) for word in words])


def test_what_is_asked_for_is_what_is_trained(
    folders: Path, asked: list[train_gened.GenedTrainConfig]
) -> None:
    more = folders / "more"
    assert call(folders, "--variant", "swin-both", "--photos", more, "--importance", "x",
                "--minutes", 3, "--clip", "ViT/x", "--prefix", "a", "--bfloat16") == 0  # fmt: skip
    (config,) = asked
    assert config.network.background == "swin"
    assert (config.images, config.maps) == (folders / "photos", folders / "maps")
    assert (config.photos, config.importance, config.clip_model) == ((more,), "x", "ViT/x")
    assert (config.minutes, config.prefixes, config.bfloat16) == (3.0, ("a",), True)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (("--data", "maps"), "photos with maps are one folder"),
        (("--photos", "more"), "--photos and --importance go together"),
        (("--importance", "x"), "--photos and --importance go together"),
        (("--codec", "absent"), "no weights called 'absent'"),
        (("--maps", "absent"), "absent: no such folder"),
    ],
)
def test_mistakes_are_named_in_a_line(
    folders: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    reason: str,
) -> None:
    monkeypatch.chdir(folders)
    assert call(folders, *more) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert reason in line


def test_a_model_that_cannot_be_had_is_the_users_to_know(
    folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(_: object) -> None:
        raise UnavailableError("the CLIP model x cannot be had", "no network")

    monkeypatch.setattr(train_gened, "train", missing)
    assert call(folders) == 2
    assert "the CLIP model x cannot be had (no network)" in capsys.readouterr().err


def test_a_run_of_another_variant_is_not_gone_on_with(
    folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folders / "run").mkdir()
    torch.save({"config": {"variant": "full"}}, folders / "run" / "checkpoint.pt")
    assert call(folders) == 2
    assert "of another kind of run; choose another --out" in capsys.readouterr().err
