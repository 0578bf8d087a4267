"""The package of docs/own-codec.md, installed as a stranger would: every command takes it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gensc.serve import Client, Section
from gensc_models.metrics.fidelity import psnr

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "own-codec.md").read_text(encoding="utf-8")
GENSC = [sys.executable, "-c", "from gensc.cli.main import main; main()"]


def block(name: str) -> str:
    """The file of that name, as the page shows it."""
    found = re.search(rf"^```\w+ {re.escape(name)}\n(.*?)^```", PAGE, re.S | re.M)
    assert found, name
    return found[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder the package is installed into."""
    source, target = (tmp_path_factory.mktemp(name) for name in ("source", "site"))
    for name in ("dct_codec.py", "pyproject.toml"):
        (source / name).write_text(block(name), encoding="utf-8")
    options = "--quiet --no-index --no-deps --no-build-isolation --disable-pip-version-check"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options.split(), "--target", target, source],
        check=True, timeout=600,
    )  # fmt: skip
    return target


@pytest.fixture(scope="module")
def environment(installed: Path) -> dict[str, str]:
    path = os.pathsep.join([str(installed), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from skimage.data import coffee

    path = tmp_path_factory.mktemp("photos") / "coffee.png"
    Image.fromarray(coffee()[100:228, 150:342]).save(path)
    return path


def gensc(environment: dict[str, str], *arguments: object) -> str:
    done = subprocess.run(
        [*GENSC, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_page_shows_the_whole_codec_in_under_60_lines() -> None:
    assert len(block("dct_codec.py").splitlines()) < 60


def test_it_is_listed(environment: dict[str, str]) -> None:
    (mine,) = [w for w in json.loads(gensc(environment, "models", "--json")) if w["name"] == "dct"]
    assert mine["summary"] == "DCT of 16x16 blocks, linear. (dct_codec:Dct)"
    assert mine["fingerprint"] == mine["sha256"][:4]


def test_the_demo_takes_it(environment: dict[str, str], photo: Path, tmp_path: Path) -> None:
    options = "--channel awgn --snr 10 --caption none --refine none --rate 32"
    gensc(environment, "demo", photo, "--model", "dct", *options.split(), "--out", tmp_path)
    (line,) = lines(tmp_path / "results.jsonl")
    assert (line["scheme"], line["received"]) == ("dct", True)
    assert line["psnr"] > 23
    assert (tmp_path / "report.html").exists()


def test_a_receiver_finds_it_by_what_the_bursts_say(
    environment: dict[str, str], photo: Path, tmp_path: Path
) -> None:
    air = tmp_path / "air.sigmf-meta"
    gensc(environment, "send", photo, "--model", "dct", "--rate", 64, "--to", air)
    gensc(environment, "receive", "--from", air, "--out", tmp_path / "out")
    (line,) = lines(tmp_path / "out" / "results.jsonl")
    assert line["scheme"] == "dct"
    shown = np.asarray(Image.open(tmp_path / "out" / line["image"]))
    assert psnr(shown, np.asarray(Image.open(photo))) > 25


def test_who_has_not_got_it_says_so_and_shows_nothing(
    environment: dict[str, str], installed: Path, photo: Path, tmp_path: Path
) -> None:
    air, file = tmp_path / "air.sigmf-meta", installed / "dct_codec.py"
    gensc(environment, "send", photo, "--model", f"{file}:Dct", "--to", air)
    without = {**environment, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    command = [*GENSC, "receive", "--from", air, "--out", tmp_path / "out"]
    done = subprocess.run(command, env=without, capture_output=True, text=True, timeout=600)
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "out").glob("*.png"))
    own = tmp_path / "own"
    gensc(environment, "receive", "--from", air, "--out", own, "--model", f"{file}:Dct")
    assert len(list(own.glob("*.png"))) == 1


def test_a_compiled_flowgraph_takes_it(
    environment: dict[str, str], photo: Path, tmp_path: Path
) -> None:
    gensc(environment, "grcc", "-o", tmp_path, ROOT / "flowgraphs" / "loopback_awgn_headless.grc")
    done = subprocess.run(
        [sys.executable, tmp_path / "loopback_awgn_headless.py", "--model", "dct", "--image", photo,
         "--snr-db", "20", "--out", tmp_path / "out"],
        env=environment, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (line,) = lines(tmp_path / "out" / "images.jsonl")
    shown = np.asarray(Image.open(tmp_path / "out" / line["file"]))
    assert psnr(shown, np.asarray(Image.open(photo))) > 25


def test_the_service_takes_it(environment: dict[str, str], installed: Path, photo: Path) -> None:
    from gensc_models import load_codec

    codec = load_codec(f"{installed}/dct_codec.py:Dct")
    image = np.asarray(Image.open(photo))
    sent = codec.encode_image(image, 64, 20.0)
    noise_var = np.full(len(sent.symbols), 0.01, np.float32)
    section = Section(
        codec.fingerprint, sent.rate, sent.height, sent.width, sent.aux, sent.symbols, noise_var
    )
    command = [
        *GENSC,
        "serve",
        "--model",
        "dct",
        "--workers",
        "1",
        "--address",
        "tcp://127.0.0.1:*",
    ]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            ready = process.stderr.readline()
            address = re.search(r"tcp://\S+:\d+", ready)
            assert address, ready
            assert ready.startswith(f"serving dct ({codec.fingerprint:04x})")
            with Client(address[0], "ann", timeout_s=30) as client:
                answer = client.decode(section)
            assert psnr(answer.image, image) > 25
        finally:
            process.kill()


def test_comparisons_take_it(environment: dict[str, str], photo: Path, tmp_path: Path) -> None:
    options = "--scheme dct,softcast,dct+caption --snr 5,15 --cbr 1/24 --channel awgn --via bursts"
    gensc(environment, "compare", "--images", photo, *options.split(), "--out", tmp_path)
    rows = [row for path in tmp_path.glob("*.jsonl") for row in lines(path)]
    assert {row["scheme"] for row in rows} == {"dct", "softcast", "dct+caption"}
    assert all(row["received"] and row["psnr"] > 20 for row in rows)


@pytest.mark.parametrize("name", ["dtc", "dct_codec.py:Dtc", "broken.py:X"])
def test_a_misspelt_name_and_a_broken_file_are_one_line(
    environment: dict[str, str], installed: Path, photo: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n", encoding="utf-8")
    (tmp_path / "dct_codec.py").write_text(block("dct_codec.py"), encoding="utf-8")
    done = subprocess.run(
        [*GENSC, "demo", str(photo), "--model", name], env=environment, cwd=tmp_path,
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    expected = {
        "dtc": "no codec called 'dtc' .*softcast.*, dct",
        "dct_codec.py:Dtc": r"dct_codec\.py: no 'Dtc' in it \(there is dct_codec\.py:Dct\)",
        "broken.py:X": r"broken\.py: ZeroDivisionError: division by zero \(broken\.py, line 1\)",
    }[name]
    assert re.search(expected, done.stderr)
