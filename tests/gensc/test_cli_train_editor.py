"""`gensc train editor`: the trainer with the right configuration, and mistakes named in a line."""

from pathlib import Path

import pytest

from gensc.cli.main import run
from gensc_models.training.recipes import editor as train_editor


def call(*more: object) -> int:
    return run([str(word) for word in ("train", "editor", *more)])


def test_what_is_asked_for_is_what_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[train_editor.EditorTrainConfig] = []
    monkeypatch.setattr(train_editor, "train", asked.append)
    assert call("--data", tmp_path, "--out", tmp_path / "run", "--minutes", 3,
                "--exclude-prefix", "test_", "--bfloat16") == 0  # fmt: skip
    (config,) = asked
    assert (config.data, config.codec, config.refiner) == (
        (tmp_path,),
        "gened-photo",
        "refiner-photo",
    )
    assert (config.minutes, config.exclude_prefix, config.bfloat16) == (3.0, ("test_",), True)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (("--data", "absent"), "absent: no such folder of photos"),
        (("--data", ".", "--refiner", "nobody"), "no weights called 'nobody'"),
        (("--data", ".", "--refiner", "none"), "an editor starts from a refiner"),
    ],
)
def test_mistakes_are_named_in_a_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("--out", "run", *more) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert reason in line
