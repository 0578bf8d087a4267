"""plain: what leaves as JSON is JSON, whatever went in."""

import json
import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gensc.system.plain import finite, json_text, plain

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats()
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec=None)), inner),
    max_leaves=20,
)


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


@given(values)
def test_every_reader_takes_what_is_written(value):
    text = json_text(value, ensure_ascii=False)
    assert json.loads(text.encode("utf-8"), parse_constant=refuse) == plain(value)


def test_what_is_not_finite_is_null():
    told = {"a": math.nan, "b": [math.inf, -math.inf], "c": (np.float32("nan"), np.float64(0.5))}
    assert plain(told) == {"a": None, "b": [None, None], "c": [None, 0.5]}
    assert plain(np.array([1.0, np.inf])) == [1.0, None]
    assert (finite(math.nan), finite(None), finite(1)) == (None, None, 1.0)


def test_floats_are_rounded_where_asked():
    assert plain({"x": 1 / 3, "n": np.int64(7)}, digits=3) == {"x": 0.333, "n": 7}
    assert plain(1 / 3) == 1 / 3


def test_bytes_of_odd_file_names_are_escapes():
    assert plain(b"caf\xe9.png".decode("utf-8", "surrogateescape")) == r"caf\udce9.png"
