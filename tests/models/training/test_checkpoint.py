"""Checkpoints are whole, or not there."""

from pathlib import Path

import pytest
import torch

from gensc_models.training import checkpoint


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    checkpoint.save({"step": 1}, path)
    with pytest.raises(Exception, match=r"pickle|local object"):
        checkpoint.save({"step": lambda: 2}, path)
    assert torch.load(path, weights_only=True) == {"step": 1}


@pytest.mark.parametrize("content", [b"", b"torn", b"PK\x03\x04", b"\x80\x02junk"])
def test_what_is_no_checkpoint_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"checkpoint\.pt is not a readable checkpoint"):
        checkpoint.read(path, "photo", {}, "cpu")


@pytest.mark.parametrize("state", [[1, 2], {"recipe": "swin", "config": {}}, {"config": {"a": 1}}])
def test_one_of_another_run_is_named(tmp_path: Path, state: object) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save(state, path)
    with pytest.raises(ValueError, match="of another kind of run"):
        checkpoint.read(path, "photo", {}, "cpu")


def test_an_older_one_without_the_recipes_name_is_read(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"config": {"a": 1}, "step": 4}, path)
    assert checkpoint.read(path, "photo", {"a": 1}, "cpu")["step"] == 4
