"""Settings in TOML: what is written is read again, and what is not known is named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc.system.errors import UserError
from gensc.system.toml_file import commented, load, loads, setting


@dataclass(frozen=True)
class Radio:
    """A table."""

    name: str = setting("air", "What it is called.")
    gain_db: float | None = setting(None, "Of the hardware.", least=-89, most=80)
    kind: str = setting("file", "Of place.", among=("file", "zmq"))

    def __post_init__(self) -> None:
        if self.name == "":
            raise ValueError("a source needs a name")


@dataclass(frozen=True)
class Config:
    """A file."""

    out: str = setting("out", "Folder.", key="folder")
    waiting: int = setting(8, "How many may wait.", least=1)
    seconds: float = setting(2.0, "How long.", least=0)
    keep: bool = setting(True, "Whether it stays open.")
    models: tuple[str, ...] = setting((), "Where codecs are.")
    radio: Radio = setting(Radio(), "The one radio.")
    sources: tuple[Radio, ...] = setting((Radio(),), "A radio each.", key="source")


def test_a_file_with_nothing_in_it_is_the_default():
    assert loads(Config, "", "x.toml") == Config()


def test_the_commented_default_reads_as_the_default_and_says_what_every_key_is():
    text = commented(Config())
    assert loads(Config, text, "x.toml") == Config()
    assert "# How many may wait.\nwaiting = 8" in text
    assert "# Of place. One of file, zmq." in text
    assert "# gain_db =" in text


@given(
    st.builds(
        Config,
        out=st.text(),
        waiting=st.integers(1, 10**9),
        seconds=st.floats(0, 1e12),
        keep=st.booleans(),
        models=st.lists(st.text()).map(tuple),
        radio=st.builds(
            Radio, st.text(min_size=1), st.none() | st.floats(-89, 80), st.sampled_from(["zmq"])
        ),
    )
)
def test_what_is_written_is_read_again(config):
    assert loads(Config, commented(config), "x.toml") == config


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("waitin = 3", "x.toml: unknown key waitin: perhaps waiting"),
        ("zzzz = 3", "x.toml: unknown key zzzz: there are folder, waiting"),
        ("[radio]\ngain = 3", "x.toml: unknown key radio.gain: perhaps gain_db"),
        ("waiting = 0", "x.toml: waiting = 0: must be at least 1"),
        ("waiting = 1.5", "x.toml: waiting = 1.5: must be a whole number"),
        ("waiting = true", "x.toml: waiting = True: must be a whole number"),
        ("seconds = nan", "x.toml: seconds = nan: must be finite"),
        ("keep = 1", "x.toml: keep = 1: must be true or false"),
        ("models = 'a'", "x.toml: models = 'a': must be a list"),
        ("models = [1]", "x.toml: models.0 = 1: must be a text in quotes"),
        ("radio = 3", "x.toml: radio = 3: must be a table, [radio]"),
        ("[radio]\ngain_db = 81", "x.toml: radio.gain_db = 81.0: must be at most 80"),
        ("[radio]\nkind = 'fil'", "there are file, zmq (perhaps file)"),
        ("[[source]]\nname = ''", "x.toml: [source.0] a source needs a name"),
        ("waiting = ", "x.toml: Invalid value"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_it(text, line):
    with pytest.raises(UserError) as error:
        loads(Config, text, "x.toml")
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"none\.toml: no such file"):
        load(Config, tmp_path / "none.toml")
    with pytest.raises(UserError, match="directory"):
        load(Config, tmp_path)
