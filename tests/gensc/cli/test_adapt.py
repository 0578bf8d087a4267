"""`gensc adapt`: from images, or from earlier measurements, to tables, a picture and a file."""

import json

import pytest
from PIL import Image

from adapt_families import family
from gensc.adapt.family_file import save_family
from gensc.cli.main import run
from gensc_phy.adaptation.rate_table import load_tables
from gensc_phy.coding.mcs import MCS_TABLE
from pdu_blocks import smooth_image
from small_bank import SmallBank


@pytest.fixture
def earlier(tmp_path):
    """A file of measurements."""
    path = tmp_path / "measured.npz"
    save_family(family(images=4, points=6, alpha_step=0.1, pixels=256 * 256), path)
    return str(path)


@pytest.fixture
def refused(capsys):
    """Runs a command line that must end with status 2 and one line; gives the line."""

    def call(*argv):
        assert run(["adapt", *map(str, argv)]) == 2
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1
        return lines[0]

    return call


def test_tables_for_every_pair_of_limits_and_a_picture(earlier, tmp_path, capsys):
    out = tmp_path / "out"
    argv = ["adapt", "--measured", earlier, "--t-max", "20,50", "--mask-psnr", "30,33"]
    assert run([*argv, "--snr", "-1:22:1", "--out", str(out), "--solver", "search"]) == 0
    tables = load_tables(out / "rate-tables.json")
    limits = [(round(t.t_max_s * 1e3), t.mask_psnr_floor_db) for t in tables]
    assert limits == [(20, 30.0), (20, 33.0), (50, 30.0), (50, 33.0)]
    assert {t.transport for t in tables} == {"burst"}
    with Image.open(out / "rate-tables.png") as picture:
        assert picture.size[0] > 1000
    text = capsys.readouterr().out
    assert "burst waveform" in text
    assert f"wrote {out / 'rate-tables.json'}" in text


def test_the_capacity_is_called_idealised(earlier, tmp_path, capsys):
    argv = ["adapt", "--measured", earlier, "--transport", "capacity", "--snr", "0,10"]
    assert run([*argv, "--out", str(tmp_path / "out")]) == 0
    assert "idealised capacity (Eq. 8)" in capsys.readouterr().out
    [table] = load_tables(tmp_path / "out" / "rate-tables.json")
    assert (table.transport, table.solver, table.snrs_db) == ("capacity", "algorithm1", (0.0, 10.0))


def test_json_is_the_file_and_nothing_else(earlier, tmp_path, capsys):
    argv = ["adapt", "--measured", earlier, "--snr", "5", "--out", str(tmp_path), "--json"]
    assert run(argv) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(
        (tmp_path / "rate-tables.json").read_text()
    )


def test_a_bank_is_measured_on_images_and_the_measurements_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("gensc.adapt.bank.load_bank", lambda name: SmallBank())
    for i in range(3):
        Image.fromarray(smooth_image(64, 96, i)).save(tmp_path / f"{i}.png")
    out, argv = tmp_path / "out", ["--t-max", "40", "--mask-psnr", "20", "--snr", "0:20:4"]
    photos = [str(tmp_path), "--limit", "2", "--points", "1,3", "--alpha-step", "0.4"]
    photos += ["--importance", "information"]
    assert run(["adapt", *photos, *argv, "--out", str(out)]) == 0
    [table] = load_tables(out / "rate-tables.json")
    assert "small 000000000000, 2 images, information, at most 96x64 pixels" in table.source
    assert {row.point for row in table.choices} <= {1, 3}
    again = ["adapt", "--measured", str(out / "measured.npz"), *argv, "--out", str(tmp_path / "b")]
    assert run(again) == 0
    assert load_tables(tmp_path / "b" / "rate-tables.json") == (table,)


def test_a_table_that_covers_most_images_is_more_careful(earlier, tmp_path):
    argv = ["adapt", "--measured", earlier, "--snr", "2,8,14", "--solver", "search", "--out"]
    assert run([*argv, str(tmp_path / "mean")]) == 0
    assert run([*argv, str(tmp_path / "most"), "--cover", "0.9"]) == 0
    [mean] = load_tables(tmp_path / "mean" / "rate-tables.json")
    [most] = load_tables(tmp_path / "most" / "rate-tables.json")
    assert "bits for 90% of them" in most.source
    assert sum(row.gvif for row in most.choices) < sum(row.gvif for row in mean.choices)


def test_a_row_at_each_scheme_a_margin_above_its_threshold(earlier, tmp_path):
    argv = ["adapt", "--measured", earlier, "--solver", "search", "--out", str(tmp_path)]
    assert run([*argv, "--snr", "schemes", "--margin", "0.4"]) == 0
    [table] = load_tables(tmp_path / "rate-tables.json")
    assert [row.mcs for row in table.choices] == [mcs.index for mcs in MCS_TABLE]
    wanted = [mcs.threshold_db + 0.4 for mcs in MCS_TABLE]
    assert table.snrs_db == pytest.approx(wanted)


def test_without_weights_one_line_says_so(refused):
    assert "--bank nobody: no weights called 'nobody'" in refused("--bank", "nobody")


@pytest.mark.parametrize(
    ("argv", "named"),
    [
        (["--t-max", "0"], "--t-max: T_max 0.0"),
        (["--t-max", "soon"], "--t-max"),
        (["--snr", "-20,-10"], "no scheme works"),
        (["--transport", "pigeon"], "--transport"),
        (["--transport", "capacity", "--snr", "schemes"], "--snr schemes"),
        (["skimage:coffee"], "--measured takes the place of images"),
    ],
)
def test_mistakes_are_one_line(refused, earlier, tmp_path, argv, named):
    assert named in refused("--measured", earlier, "--out", tmp_path, *argv)


def test_points_and_importance_that_do_not_exist_are_named(refused, monkeypatch):
    monkeypatch.setattr("gensc.adapt.bank.load_bank", lambda name: SmallBank())
    assert "--points: 9 not among 1 … 4" in refused("--points", "1,9")
    assert "none of information, a folder" in refused("--importance", "guess")
