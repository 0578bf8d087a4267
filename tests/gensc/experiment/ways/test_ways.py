"""All ways carry the same sections: what arrives is what was sent, with the noise asked for."""

import numpy as np
import pytest

from gensc.experiment.scheme import Section, Sent
from gensc.experiment.ways import WAYS, load_way
from gensc.experiment.ways.uplink import UplinkWay
from gensc.system.errors import UserError
from gensc_phy.coding.bits import decode_bits, encode_bits
from gensc_phy.coding.mcs import MCS_TABLE

SIZE = 64, 96


def analog(n=6000, stream=0, seed=1):
    rng = np.random.default_rng(seed)
    symbols = (rng.standard_normal((n, 2)) @ [1, 1j] / np.sqrt(2)).astype(np.complex64)
    return Section("analog", symbols, *SIZE, 32, n, 77, 3, stream)


def bits(payload=b"what must arrive whole", stream=0, **others):
    symbols = encode_bits(payload, MCS_TABLE[1])
    return Section("bits", symbols, *SIZE, 1, len(payload), 0, 3, stream, **others)


@pytest.mark.parametrize("name", WAYS)
def test_symbols_come_back_with_the_error_asked_for_and_say_so(name):
    way, section = load_way(name), analog()
    got = way.carry(Sent((section,)), "awgn", 10.0, 5)
    (heard,) = got.sections
    error_db = -10 * np.log10(np.mean(np.abs(heard.symbols - section.symbols) ** 2))
    assert error_db == pytest.approx(10.0, abs=0.8)
    assert heard.snr_db == pytest.approx(error_db, abs=0.8)
    told = (
        heard.kind,
        heard.height,
        heard.width,
        heard.rate,
        heard.total,
        heard.aux,
        heard.weights,
    )
    assert told == ("analog", *SIZE, 32, 6000, 77, 3)


@pytest.mark.parametrize("name", WAYS)
def test_all_sections_of_an_image_arrive(name):
    sent = Sent((bits(), analog(2000), analog(1500, 1, seed=2), bits(stream=1)))
    got = load_way(name).carry(sent, "awgn", 15.0, 1)
    streams = {(s.stream, len(s.symbols)) for s in got.sections if s.kind == "analog"}
    assert streams == {(0, 2000), (1, 1500)}
    side = [s for s in got.sections if s.kind == "bits"]
    assert len(side) == 2
    for section in side:
        result = decode_bits(section.symbols, section.variances, section.total, MCS_TABLE[1])
        assert result.payload == b"what must arrive whole"


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("channel", ["rayleigh", "multipath", "fading", "none"])
def test_every_way_has_the_named_channels_and_repeats_them(name, channel):
    way, sent = load_way(name), Sent((analog(3000),))
    assert channel in way.channels
    first, second = (way.carry(sent, channel, 20.0, 9).sections for _ in range(2))
    assert [s.symbols.tobytes() for s in first] == [s.symbols.tobytes() for s in second]


@pytest.mark.parametrize("name", ["bursts", "flowgraph"])
def test_noise_alone_gives_nothing_and_counts_the_bursts_as_lost(name):
    got = load_way(name).carry(Sent((analog(),)), "awgn", -30.0, 1)
    assert got.sections == ()
    assert got.fragments == got.fragments_lost == 2
    assert got.overhead > 1000
    assert got.snr_db is None


def test_in_torch_header_sections_arrive_as_burst_headers_do():
    got = load_way("torch").carry(Sent((bits(header=True), bits(stream=1))), "awgn", -20.0, 1)
    header, plain = sorted(got.sections, key=lambda s: not s.header)
    assert np.array_equal(header.symbols, bits().symbols)
    assert not np.allclose(plain.symbols, bits().symbols, atol=0.5)


def test_in_torch_fading_moves_from_burst_to_burst():
    section = Section("analog", np.ones(8 * 3840, np.complex64), *SIZE, 32, 8 * 3840)
    (heard,) = load_way("torch").carry(Sent((section,)), "fading", 20.0, 3).sections
    assert len(np.unique(heard.variances.round(7))) > 48


@pytest.mark.parametrize("name", WAYS)
def test_what_sends_nothing_hears_nothing(name):
    assert load_way(name).carry(Sent(()), "awgn", 10.0, 1).sections == ()


def test_an_unknown_way_is_named():
    with pytest.raises(UserError, match=r"'pigeon'.*flowgraph"):
        load_way("pigeon")


@pytest.mark.parametrize("how", ["torch", "numpy", "flowgraph"])
@pytest.mark.parametrize("separation", ["zf", "mmse"])
def test_several_users_come_back_each_with_the_error_it_says(how, separation):
    way = UplinkWay(how, separation)
    sections = [analog(2000, seed=k) for k in range(6)]
    heard = way.carry_many([Sent((s,)) for s in sections], "rayleigh", 15.0, range(1, 7))
    assert len({c.snr_db for c in heard}) == 6
    if how != "torch":
        assert {(c.fragments, c.fragments_lost) for c in heard} == {(1, 0)}
    for carried, section in zip(heard, sections, strict=True):
        (got,) = carried.sections
        error_db = -10 * np.log10(np.mean(np.abs(got.symbols - section.symbols) ** 2))
        assert got.snr_db == pytest.approx(error_db, abs=1.0)
        assert carried.snr_db == pytest.approx(error_db, abs=1.0)


def test_a_slot_has_one_image_of_every_user():
    with pytest.raises(ValueError, match="4 images for slots of 3 users"):
        UplinkWay("torch", "zf").carry_many([Sent((analog(),))] * 4, "rayleigh", 9.0, range(4))


def test_a_share_of_the_bursts_can_be_dropped_behind_the_receiver():
    from gensc.experiment.ways.flowgraph import FlowgraphWay

    sent = Sent((analog(20000),))
    half = FlowgraphWay(0.5).carry(sent, "awgn", 20.0, 3)
    assert (half.fragments, half.fragments_lost) == (6, 3)
    assert 0.4 < np.isinf(half.sections[0].variances).mean() < 0.6
    assert FlowgraphWay(1.0).carry(sent, "awgn", 20.0, 3).sections == ()


def test_of_a_silent_user_no_burst_arrives():
    way = UplinkWay("numpy", "mmse", (0.0, 0.0, float("-inf")))
    heard = way.carry_many([Sent((analog(2000, seed=k),)) for k in range(3)], "rayleigh", 15.0,
                           range(3))  # fmt: skip
    assert [len(c.sections) for c in heard] == [1, 1, 0]
    assert heard[2].fragments_lost == heard[2].fragments
