"""snr_datagram: what travels back from receiver to transmitter, and what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnuradio import gensc
from gnuradio.gensc.snr_datagram import MAX_BYTES, SnrReport, pack, unpack


@given(st.floats(-50, 100), st.integers(1, 1 << 40))
def test_a_report_comes_back_to_a_thousandth_of_a_db(snr_db, fragments):
    report = unpack(pack(SnrReport(snr_db, fragments)))
    assert report.snr_db == pytest.approx(snr_db, abs=6e-4)
    assert report.fragments == fragments


@given(st.binary(max_size=2 * MAX_BYTES))
def test_arbitrary_bytes_are_no_report(data):
    with pytest.raises(gensc.PduError):
        unpack(data)


GOOD = {"gensc": "snr", "version": 1, "snr_db": 3.5, "fragments": 2}


@given(st.sampled_from(sorted(GOOD)), st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2), max_leaves=3))  # fmt: skip
def test_a_wrong_value_is_refused_or_a_number_in_range(key, value):
    try:
        report = unpack(json.dumps(GOOD | {key: value}).encode())
    except gensc.PduError:
        return
    assert key == "version" or -50 <= report.snr_db <= 100


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gensc": "image"}, "not an SNR feedback"),
        ({"version": 2}, "version 2, this is 1"),
        ({"snr_db": None}, "without snr_db"),
        ({"snr_db": True}, "without snr_db"),
        ({"snr_db": float("nan")}, "nan dB"),
        ({"snr_db": 1e9}, "dB"),
        ({"fragments": 0}, "without fragments"),
        ({"fragments": 1.5}, "without fragments"),
    ],
)
def test_what_is_wrong_is_named(change, message):
    with pytest.raises(gensc.PduError, match=message):
        unpack(json.dumps(GOOD | change).encode())


def test_more_bytes_than_a_report_has_are_not_even_parsed():
    with pytest.raises(gensc.PduError, match="of 100000 bytes"):
        unpack(b"[" * 100_000)
