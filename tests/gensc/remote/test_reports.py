"""Reports between transmitter and receiver: what is packed comes back, all else is refused."""

from __future__ import annotations

import contextlib
from dataclasses import fields

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc.remote import reports
from gensc.remote.reports import (
    Ask,
    Bye,
    Have,
    Hello,
    ImageReport,
    Missing,
    Part,
    ReportError,
    Sent,
    Snr,
    pack,
    unpack,
)

IMAGE = ImageReport(7, 3, "damaged", 9, 8, (Missing("bits", 0, 4),), 12.5, 0.3)
SENT = Sent(
    session=7,
    image_id=3,
    name="möwe.png",
    sha256="0" * 64,
    shape=(256, 256, 3),
    scheme="hyperprior",
    point=4,
    alpha=0.2,
    cbr=1 / 24,
    mcs=3,
    gvif=0.8,
    reason="12.3 dB",
    bursts=9,
    sections=(Part("bits", 0, 8), Part("text", 0, 1)),
)
ALL = (
    Hello(7, "roof"),
    Hello(None, ""),
    Snr(12.5, 0.4, 3),
    IMAGE,
    Have(7, (1, 2)),
    SENT,
    Ask(7, tuple(range(4096))),
    Bye(7, 4),
)


@pytest.mark.parametrize("report", ALL, ids=lambda report: report.KIND)
def test_what_is_packed_comes_back(report):
    assert unpack(pack(report)) == report


def test_fragments_that_are_missing_keep_their_names():
    back = unpack(pack(IMAGE))
    assert isinstance(back, ImageReport)
    assert back.missing[0].section == "bits"
    announced = unpack(pack(SENT))
    assert isinstance(announced, Sent)
    assert announced.sections[1].fragments == 1


def test_the_longest_report_of_missing_fragments_fits():
    missing = tuple(Missing("analog", 3, 4095) for _ in range(reports.MAX_MISSING))
    report = ImageReport(65535, 65535, "damaged", 4096, 0, missing, 1.0, 1.0)
    assert unpack(pack(report)) == report


@given(st.binary(max_size=300))
def test_any_bytes_are_a_report_or_a_report_error(data):
    with contextlib.suppress(ReportError):
        unpack(data)


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(ALL), st.data())
def test_a_value_of_any_other_type_is_refused_or_in_its_bounds(report, data):
    content = msgpack.unpackb(pack(report), use_list=False)
    name = data.draw(st.sampled_from([known.name for known in fields(report)]))
    content[name] = data.draw(junk)
    try:
        back = unpack(msgpack.packb(content))
    except ReportError:
        return
    assert unpack(pack(back)) == back


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"v": 2}, "version '2'"),
        ({"v": True}, "version"),
        ({"kind": "order"}, "unknown kind 'order'"),
        ({"kind": ["snr"]}, "unknown kind"),
        ({"more": 1}, "'more'"),
        ({"snr_db": float("nan")}, "snr: snr_db 'nan'"),
        ({"snr_db": float("inf")}, "snr: snr_db"),
        ({"snr_db": "12"}, "snr: snr_db"),
        ({"snr_db": True}, "snr: snr_db"),
        ({"snr_db": 400.0}, "snr: snr_db"),
        ({"count": 0}, "snr: count"),
    ],
)
def test_what_is_wrong_is_named(changed, line):
    content = {"v": 1, "kind": "snr", "snr_db": 3.0, "spread_db": 0.1, "count": 2} | changed
    with pytest.raises(ReportError, match=line):
        unpack(msgpack.packb(content))


def test_a_key_too_few_is_named():
    with pytest.raises(ReportError, match="'count'"):
        unpack(msgpack.packb({"v": 1, "kind": "snr", "snr_db": 3.0, "spread_db": 0.1}))


def test_what_is_too_long_is_not_even_read():
    with pytest.raises(ReportError, match="at most"):
        unpack(b"\x00" * (reports.MAX_BYTES + 1))


def test_a_deep_nest_is_refused():
    with pytest.raises(ReportError):
        unpack(b"\x91" * 60_000)


def test_values_out_of_range_are_refused_where_they_are_made():
    with pytest.raises(ReportError, match="session"):
        Bye(65536, 1)
    with pytest.raises(ReportError, match="sha256"):
        Sent(**(vars(SENT) | {"sha256": "x" * 64}))
    with pytest.raises(ReportError, match="name"):
        Hello(1, "\udcff")
