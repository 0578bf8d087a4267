"""`gensc receive --config` and `gensc config`: files, exit status, and what is said at the end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image

from gensc.cli.main import run
from gensc.data.images import fit, load_image
from gensc.receiver.archive import Archive


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "chelsea.png"
    Image.fromarray(fit(load_image("skimage:chelsea"), 96, 128)).save(path)
    return path


def config_for(folder: Path, photo: Path, **loopback: object) -> Path:
    told = {"images": [str(photo)], "model": "softcast", "channel": "none", "interval_s": 0.05}
    lines = [f"{k} = {json.dumps(v)}" for k, v in {**told, **loopback}.items()]
    path = folder / "receiver.toml"
    path.write_text(
        f'archive = "{folder / "archive"}"\n[reports]\naddress = ""\n'
        '[[source]]\nradio = "loopback"\n[source.loopback]\n' + "\n".join(lines)
    )
    return path


def test_it_ends_with_its_sources_and_says_what_became_of_every_image(tmp_path, photo, capsys):
    path = config_for(tmp_path, photo, count=3)
    assert run(["receive", "--config", str(path)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("3 images: 3 stored, 0 damaged, 0 lost: ")
    assert said.err.count("128x95, softcast") + said.err.count("128x96, softcast") == 3


def test_it_ends_after_so_many_images_with_its_sums_as_json(tmp_path, photo, capsys):
    path = config_for(tmp_path, photo)
    assert run(["receive", "--config", str(path), "--count", "2", "--json"]) == 0
    sums = json.loads(capsys.readouterr().out)
    assert sums["stored"] >= 2
    assert sums["images"] == sums["stored"] + sums["damaged"] + sums["lost"]


def test_sigterm_keeps_what_has_come_and_says_it(tmp_path, photo):
    path = config_for(tmp_path, photo)
    words = [sys.executable, "-m", "gensc.cli.main", "receive", "--config", str(path), "--json"]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        # The second line is about the second image.
        guard = threading.Timer(120, program.kill)
        guard.start()
        assert program.stderr is not None
        while program.stderr.readline().count("softcast") == 0:
            assert program.poll() is None
        program.send_signal(signal.SIGTERM)
        out, _ = program.communicate(timeout=120)
        guard.cancel()
    sums = json.loads(out)
    assert program.returncode == 0
    assert sums["stored"] >= 1
    assert sums["open"] == 0
    with Archive(tmp_path / "archive", read_only=True) as archive:
        assert archive.verify() == []
        assert archive.sums().images == sums["images"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["receive", "--config", "none.toml"], "none.toml: no such file"),
        (["receive", "--config", "{wrong}"], "unknown key archiv: perhaps archive"),
        (["receive", "--config", "{right}", "--from", "x"], "leave out --from"),
        (["config", "{wrong}"], "unknown key archiv: perhaps archive"),
        (["config", "--full"], "--full: of which file?"),
    ],
)
def test_what_is_wrong_is_one_line_and_status_2(words, line, tmp_path, capsys):
    (tmp_path / "wrong.toml").write_text('archiv = "x"')
    (tmp_path / "right.toml").write_text('archive = "x"')
    places = {name: str(tmp_path / f"{name}.toml") for name in ("wrong", "right")}
    assert run([word.format(**places) for word in words]) == 2
    said = capsys.readouterr().err.strip()
    assert line in said
    assert "\n" not in said


@pytest.mark.parametrize("more", [[], ["--transmitter"]])
def test_the_default_file_is_printed_is_fine_and_is_complete(more, tmp_path, capsys):
    assert run(["config", *more]) == 0
    default = capsys.readouterr().out
    path = tmp_path / "default.toml"
    path.write_text(default)
    assert run(["config", *more, str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: fine\n"
    assert run(["config", *more, str(path), "--full"]) == 0
    assert capsys.readouterr().out == default


def test_the_dashboard_that_the_file_asks_for_is_there_and_its_token_is_kept(
    tmp_path, photo, capsys
):
    path = config_for(tmp_path, photo, count=2)
    asked = '[dashboard]\naddress = "127.0.0.1:0"\n'
    path.write_text(path.read_text().replace("[[source]]", f"{asked}[[source]]"))
    links = []
    for _ in range(2):
        assert run(["receive", "--config", str(path)]) == 0
        said = capsys.readouterr().err
        links.append(next(line for line in said.splitlines() if line.startswith("dashboard: ")))
    assert links[0].split("#")[1] == links[1].split("#")[1]
    token = (tmp_path / "dashboard.token").read_text().strip()
    assert links[0].endswith(f"#token={token}")


def test_a_dashboard_that_cannot_be_had_is_one_line(tmp_path, photo, capsys):
    path = config_for(tmp_path, photo, count=2)
    asked = '[dashboard]\naddress = "127.0.0.1:0"\ntoken = "short"\n'
    path.write_text(path.read_text().replace("[[source]]", f"{asked}[[source]]"))
    assert run(["receive", "--config", str(path)]) == 2
    assert "a dashboard's token has 22 to 256 characters" in capsys.readouterr().err
