"""What the weights of a run are called, and their card."""

from datetime import date
from pathlib import Path

import pytest

from gensc_models.training.folder import hardware, name_for, shipped
from gensc_models.training.options import RunSettings


def called(out: Path, name: str = "", recipe: str = "photo") -> str:
    return name_for(recipe, RunSettings(data=(), out=out, name=name))


def test_a_name_comes_from_recipe_and_folder(tmp_path: Path) -> None:
    assert called(tmp_path / "night") == "photo-night"
    assert called(tmp_path / "photo 2") == "photo-2"
    assert called(tmp_path / "night", "mine") == "mine"


def test_it_is_never_that_of_shipped_weights(tmp_path: Path) -> None:
    assert {"deepjscc-photo", "softcast", "hyperprior"} <= shipped()
    assert called(tmp_path / "softcast", recipe="softcast") == f"softcast-{date.today():%Y%m%d}"
    with pytest.raises(ValueError, match="--name softcast: shipped weights are called so"):
        called(tmp_path, "softcast")


@pytest.mark.parametrize("name", ["../up", "a b", "-x", "x" * 64])
def test_what_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="--name"):
        called(tmp_path, name)


def test_hardware_is_said_in_words() -> None:
    assert hardware("cpu", 1).endswith(", 1 thread")
    assert hardware("cpu", 2).endswith(", 2 threads")
