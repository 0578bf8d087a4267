"""What the set-up rests on: pins by NumPy's major version, and what an offline run checks."""

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]


def requirements_met():
    spec = importlib.util.spec_from_file_location("met", ROOT / "scripts" / "requirements_met.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("major", "inside", "outside"), [(1, "1.26.4", "2.1.0"), (2, "2.3.5", "1.26.4")]
)
def test_numpy_is_kept_to_the_major_version_of_gnu_radio(major, inside, outside):
    lines = (ROOT / "scripts" / "constraints" / f"numpy{major}.txt").read_text().splitlines()
    pins = {r.name: r.specifier for r in map(Requirement, (x for x in lines if x[:1] not in "#"))}
    assert pins["numpy"].contains(inside)
    assert not pins["numpy"].contains(outside)


def test_what_is_missing_is_named_with_what_is_there():
    project = {
        "name": "x",
        "dependencies": [
            "numpy>=1",
            "torch>=99",
            "no-such-package>=1",
            "elsewhere; python_version < '3'",
        ],
        "optional-dependencies": {"test": ["x[foundation]"], "foundation": ["pytest>=1"]},
    }
    lacking = requirements_met().lacking(project)
    assert [line.split(" (")[0] for line in lacking] == ["torch>=99", "no-such-package>=1"]
    assert lacking[1].endswith("(there is none)")


def test_this_environment_has_everything():
    done = subprocess.run(
        [os.sys.executable, ROOT / "scripts" / "requirements_met.py"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_an_interpreter_that_is_none_is_one_line(tmp_path):
    env = {**os.environ, "PY": str(tmp_path / "python"), "VENV": str(tmp_path / "venv")}
    done = subprocess.run(
        ["bash", ROOT / "scripts" / "setup.sh"],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [f"setup: PY={tmp_path / 'python'}: no such interpreter"]
