"""`gensc train`: from a command line to weights, and mistakes named in a line."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gensc.cli.main import run
from gensc_models.codecs.jscc import load_jscc
from gensc_models.training.recipes import RECIPES, find
from gensc_models.weights.hub import UnavailableError
from small_training import spelled, store


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return store(tmp_path_factory.mktemp("training"))


def words(folder, out, recipe="photo", *more):
    data, small = spelled(recipe, folder)
    told = [word for assignment in small for word in ("--set", assignment)]
    fixed = ["--data", data, "--out", out, "--threads", 1]
    return [str(word) for word in ("train", recipe, *fixed, *told, *more)]


@pytest.fixture
def refused(capsys):
    """Runs a command line that must end with status 2 and one line on stderr; gives the line."""

    def call(*argv):
        assert run([str(a) for a in argv]) == 2
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1
        return lines[0]

    return call


def test_a_run_ends_with_weights_that_model_takes_at_once(folder, tmp_path, capsys):
    out = tmp_path / "night"
    assert run(words(folder, out, "photo", "--max-steps", "2")) == 0
    said = capsys.readouterr().out
    weights = out / "photo-night"
    assert f"weights: {weights}" in said
    assert f"gensc demo --model {weights}" in said
    codec = load_jscc(weights)
    assert codec.name == "photo-night"
    picture = tmp_path / "picture.png"
    Image.fromarray(np.zeros((48, 64, 3), np.uint8)).save(picture)
    argv = ["demo", picture, "--model", weights, "--channel", "awgn", "--snr", "15", "--refine",
            "none", "--caption", "none", "--out", tmp_path / "demo"]  # fmt: skip
    assert run([str(word) for word in argv]) == 0


def test_a_run_is_gone_on_with_only_where_asked(folder, tmp_path, refused):
    assert run(words(folder, tmp_path, "photo", "--max-steps", "1")) == 0
    assert "--resume" in refused(*words(folder, tmp_path, "photo", "--max-steps", "2"))
    assert run(words(folder, tmp_path, "photo", "--max-steps", "2", "--resume")) == 0
    other = words(folder, tmp_path, "swin", "--resume")
    assert "another kind of run; choose another --out" in refused(*other)


def test_a_run_too_short_to_show_anything_says_so(folder, tmp_path, monkeypatch, refused):
    monkeypatch.setattr("gensc_models.training.run.TrainingRun.progress", 1.0)
    line = refused(*words(folder, tmp_path))
    assert "0 steps" in line
    assert "--minutes" in line


def test_all_recipes_are_listed_and_all_options_of_one(capsys):
    assert run(["train", "--list"]) == 0
    listed = capsys.readouterr().out
    assert all(f" {name} " in listed for name in RECIPES)
    assert run(["train", "gened", "--list"]) == 0
    listed = capsys.readouterr().out
    assert "trunk_share" in listed
    assert "draws.snrs_db" in listed


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (("--set", "bach=3"), "no option 'bach', perhaps batch"),
        (("--set", "batch=few"), "--set batch=few"),
        (("--set", "start=nobody"), "no weights called 'nobody'"),
        (("--device", "tpu"), "--device tpu: must be one of auto, cpu, cuda"),
        (("--precision", "int8"), "--precision int8"),
        (("--name", "deepjscc-photo"), "shipped weights are called so"),
        (("--data", "nowhere"), "nowhere: no such folder or pack"),
        (("--minutes", "0"), "--minutes"),
        (
            ("--exclude-prefix", "0", "--exclude-prefix", "1", "--exclude-prefix", "2"),
            "no training",
        ),
    ],
)
def test_mistakes_are_named_in_a_line(folder, tmp_path, monkeypatch, refused, more, reason):
    monkeypatch.chdir(tmp_path)
    assert reason in refused(*words(folder, "run", "photo", *more))


def test_what_is_missing_is_named(refused, tmp_path):
    assert "RECIPE and --data and --out" in refused("train")
    assert "no recipe called 'video'" in refused("train", "video", "--list")
    line = refused("train", "video", "--data", tmp_path, "--out", tmp_path / "run")
    assert "no recipe called 'video'" in line
    (tmp_path / "taken").write_text("")
    line = refused("train", "photo", "--data", tmp_path, "--out", tmp_path / "taken")
    assert "taken: is a file" in line


def test_a_model_that_cannot_be_had_is_the_users_to_know(folder, tmp_path, monkeypatch, refused):
    def missing(self, settings, options):
        raise UnavailableError("the CLIP model x cannot be had", "no network")

    monkeypatch.setattr(find("photo"), "__init__", missing)
    assert "cannot be had (no network)" in refused(*words(folder, tmp_path))


def test_no_data_is_read_before_what_is_asked_is_known_to_make_sense(tmp_path, refused):
    packs = Path(tmp_path / "torn.npz")
    packs.write_bytes(b"torn")
    line = refused("train", "classifier", "--data", packs, "--out", tmp_path / "run")
    assert "torn.npz: not a pack" in line
