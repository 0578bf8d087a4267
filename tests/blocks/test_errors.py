"""A user's mistake ends a flowgraph with one line and status 2; a bug keeps its traceback."""

import subprocess
import sys

import pytest


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


def test_a_users_mistake_is_one_line():
    result = run_python(
        "from gnuradio import gensc; gensc.one_line_errors(); gensc.image_source('/nowhere')"
    )
    assert result.returncode == 2
    assert result.stderr == "gensc: /nowhere: no image there\n"


def test_other_errors_keep_their_traceback():
    result = run_python("from gnuradio import gensc; gensc.one_line_errors(); 1 / 0")
    assert result.returncode == 1
    assert "Traceback" in result.stderr
    assert "ZeroDivisionError" in result.stderr


@pytest.mark.parametrize("heavy", ["torch", "PyQt5"])
def test_companion_need_not_wait_for(heavy):
    result = run_python(f"import sys; from gnuradio import gensc; print('{heavy}' in sys.modules)")
    assert result.stdout.strip() == "False"
