"""Options of recipes as text."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_models.training.options import Options, RunSettings, changed, described, option, parse
from gensc_models.training.recipes import RECIPES, find


@dataclass(frozen=True)
class Inner:
    widths: tuple[int, ...] = (4, 8)
    depths: tuple[int, ...] = (1, 1)

    def __post_init__(self) -> None:
        if len(self.widths) != len(self.depths):
            raise ValueError("as many widths as depths")


@dataclass(frozen=True, kw_only=True)
class Some(Options):
    maps: Path | None = option(None, "a folder")
    shape: tuple[tuple[float, int], ...] = option(((0.0, 32),), "pairs")
    names: tuple[str, ...] = option((), "some")
    whether: bool = option(False, "or not")
    inner: Inner = option(Inner(), "sizes")
    batch: int = 7


def test_every_kind_of_value_is_read() -> None:
    read = parse(
        Some,
        ["maps=a/b", "shape=((0,8),(0.5,16))", "names=x,y", "whether=true", "learning-rate=1e-3",
         "inner.widths=1,2,3", "inner.depths=1,1,1"],
    )  # fmt: skip
    assert (read.maps, read.names, read.whether) == (Path("a/b"), ("x", "y"), True)
    assert read.shape == ((0, 8), (0.5, 16))
    assert (read.learning_rate, read.batch, read.warmup_steps) == (1e-3, 7, 100)
    assert read.inner == Inner((1, 2, 3), (1, 1, 1))
    assert parse(Some, ["maps=-", "names="]) == Some()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("batch", "--set batch: must be key=value"),
        ("bach=3", "no option 'bach', perhaps batch"),
        ("batch=many", "--set batch=many: invalid literal"),
        ("whether=perhaps", "must be true or false"),
        ("inner.widths=1", "--set inner.widths: as many widths as depths"),
        ("shape=((", r"--set shape=\(\("),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(Some, [text])


@given(
    st.integers(1, 99), st.floats(1e-6, 1.0), st.lists(st.sampled_from("abc"), max_size=3),
    st.booleans(),
)  # fmt: skip
def test_what_was_changed_reads_back(
    batch: int, rate: float, names: list[str], whether: bool
) -> None:
    rate = float(f"{rate:g}")
    given_ = Some(batch=batch, learning_rate=rate, names=tuple(names), whether=whether)
    assert parse(Some, [f"{key}={value}" for key, value in changed(given_).items()]) == given_


def test_an_option_that_only_changes_a_default_keeps_its_explanation() -> None:
    shown = {d.key: d for d in described(Some)}
    assert (shown["batch"].default, shown["batch"].says) == ("7", "examples in a step")
    assert shown["inner.widths"].default == "4,8"
    assert next(iter(shown)) == "maps", "its own come first"


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_option_of_every_recipe_is_explained_and_its_default_can_be_set(recipe: str) -> None:
    options = find(recipe).OPTIONS
    shown = described(options)
    explained = {d.key.partition(".")[0] for d in shown if d.says}
    assert explained == {d.key.partition(".")[0] for d in shown}
    assert changed(parse(options, [f"{d.key}={d.default}" for d in shown])) == {}


def test_settings_that_no_recipe_can_work_with_are_named(tmp_path: Path) -> None:
    fine = {"data": (tmp_path,), "out": tmp_path / "out"}
    RunSettings(**fine).check()
    (tmp_path / "file").write_text("")
    for wrong, message in (
        ({"device": "tpu"}, "--device tpu"),
        ({"precision": "int8"}, "--precision int8"),
        ({"out": tmp_path / "file"}, "is a file"),
        ({"data": (tmp_path / "nowhere",)}, "nowhere: no such"),
    ):
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            RunSettings(**{**fine, **wrong}).check()
