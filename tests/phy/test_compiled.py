"""Compiled functions: the machine code is kept where that is possible, and only then."""

import numba
import pytest

from gensc_phy.compiled import compiled


def double(x):
    return 2 * x


def test_machine_code_is_kept_on_disk(monkeypatch, tmp_path):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert compiled("int64(int64)")(double)(21) == 42
    assert list(tmp_path.rglob("*double*.nbc"))


def test_a_place_that_cannot_be_written_to_costs_time_only():
    # A function of no file: there is nowhere to keep its machine code.
    namespace = {}
    exec("def double(x):\n    return 2 * x", namespace)
    assert compiled("int64(int64)")(namespace["double"])(21) == 42


def test_code_that_does_not_compile_is_an_error():
    with pytest.raises(numba.core.errors.NumbaError):
        compiled("int64(unicode_type)")(double)
