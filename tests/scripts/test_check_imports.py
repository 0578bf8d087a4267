"""Imports that go round in a circle are found wherever they stand; the contracts are the project's.

The script is run as `make lint` runs it: it makes of `gnuradio` what the tests cannot.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def circle(folder: Path, files: dict[str, str]) -> str:
    """What the script's `circle` says of a package of these files."""
    package = folder / "small"
    package.mkdir()
    for name, text in {"__init__": "", **files}.items():
        (package / f"{name}.py").write_text(text)
    call = "from check_imports import circle; print(*circle(['small']))"
    environment = {"PYTHONPATH": f"{folder}:{ROOT / 'scripts'}"}
    done = subprocess.run(
        [sys.executable, "-c", call], capture_output=True, text=True, env=environment, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    "back",
    [
        "from small import one",
        "def later():\n    from small.one import x",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import small.one",
    ],
    ids=["plain", "in a function", "for types"],
)
def test_two_files_that_import_each_other_are_a_circle(tmp_path, back):
    found = circle(tmp_path, {"one": "import small.two", "two": back})
    assert found in {"small.one small.two small.one", "small.two small.one small.two"}


def test_a_chain_is_no_circle(tmp_path):
    files = {"one": "import small.two", "two": "import small.three", "three": ""}
    assert circle(tmp_path, files) == ""


def test_the_project_keeps_its_contracts():
    script = [sys.executable, ROOT / "scripts/check_imports.py"]
    done = subprocess.run(script, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout
    assert "Circles between files: none." in done.stdout
