from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_phy import Assembler, Burst, WaveformConfig, split
from gensc_phy.waveform.fragment import interleave
from waveform import header, payload

CFG = WaveformConfig()


def fragments(n, **fields):
    symbols = payload(n)
    return symbols, split(header(n, **fields), symbols, CFG)


def received(head, symbols, start=0):
    """The burst a perfect receiver makes of a fragment."""
    return Burst(
        header=head, symbols=symbols, noise_var=np.full(len(symbols), 0.1, np.float32),
        snr_db=10.0, cfo_hz=0.0, start=start, noise_power=0.1,
        channel=np.ones(CFG.occupied, np.complex64), metric=1.0, sampling_offset_ppm=0.0,
    )  # fmt: skip


@given(st.integers(1, 20_000), st.randoms())
@settings(max_examples=30, deadline=None)
def test_any_section_comes_back_whatever_the_order_of_its_bursts(n, random):
    symbols, parts = fragments(n)
    random.shuffle(parts)
    assembler = Assembler()
    out = [s for head, part in parts for s in assembler.add(received(head, part))]
    assert len(out) == 1
    assert out[0].complete
    assert np.array_equal(out[0].symbols, symbols)


def test_fragments_hold_a_burst_at_most_and_nearly_the_same_each():
    _, parts = fragments(10_000)
    sizes = [len(part) for _, part in parts]
    assert max(sizes) <= CFG.max_payload
    assert max(sizes) - min(sizes) <= 1


def test_a_lost_burst_becomes_erasures_spread_over_the_section():
    symbols, parts = fragments(40_000)
    assembler = Assembler()
    for head, part in parts:
        if head.fragment != 4:
            assert assembler.add(received(head, part)) == []
    (section,) = assembler.flush()
    assert not section.complete
    lost = np.isinf(section.noise_var)
    assert lost.sum() == len(parts[4][1])
    assert np.array_equal(section.symbols[~lost], symbols[~lost])
    per_block = lost.reshape(40, 1000).mean(axis=1)
    assert per_block.max() < 3 * lost.mean()


def test_an_image_number_that_comes_round_again_gives_the_old_section_first():
    _, old = fragments(10_000)
    _, new = fragments(9_000)
    assembler = Assembler()
    assert assembler.add(received(*old[0])) == []
    (given_out,) = assembler.add(received(*new[0]))
    assert given_out.header.total == 10_000
    assert given_out.received == 1


def test_two_analog_streams_of_an_image_are_told_apart_by_their_number():
    streams = {stream: fragments(n, stream=stream)[1] for stream, n in ((0, 10_000), (1, 9_000))}
    assembler = Assembler()
    parts = [part for pair in zip(streams[0], streams[1], strict=False) for part in pair]
    parts += streams[0][len(streams[1]) :]
    out = [s for head, part in parts for s in assembler.add(received(head, part))]
    assert {(s.header.stream, s.header.total, s.complete) for s in out} == {
        (0, 10_000, True),
        (1, 9_000, True),
    }


def test_waiting_sections_are_bounded_and_none_is_thrown_away():
    assembler = Assembler(max_pending=4)
    out = []
    for i in range(20):
        _, parts = fragments(8_000, image_id=i)
        out += assembler.add(received(*parts[0]))
    out += assembler.flush()
    assert [s.header.image_id for s in out] == list(range(20))


def test_old_sections_expire():
    assembler = Assembler()
    _, parts = fragments(8_000)
    assembler.add(received(*parts[0], start=1000))
    assert assembler.expire(900) == []
    assert len(assembler.expire(2000)) == 1


def test_a_duplicate_burst_changes_nothing():
    _, parts = fragments(8_000)
    assembler = Assembler()
    assembler.add(received(*parts[0]))
    assert assembler.add(received(*parts[0])) == []
    assert assembler.stats.duplicates == 1


@pytest.mark.parametrize("change", [{"total": 1 << 23}, {"total": 7_000}])
def test_sections_that_are_too_large_or_of_another_length_are_refused_and_counted(change):
    _, parts = fragments(8_000)
    assembler = Assembler()
    assert assembler.add(received(replace(parts[0][0], **change), parts[0][1])) == []
    assert assembler.stats.refused == 1
    assert assembler.flush() == []


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_interleaved_items_keep_their_order_and_are_spread_evenly(sizes):
    sections = [[(order, number) for number in range(n)] for order, n in enumerate(sizes)]
    mixed = interleave(sections)
    assert sorted(mixed) == [item for section in sections for item in section]
    for section in sections:
        places = [mixed.index(item) for item in section]
        assert places == sorted(places)
        widest = max(np.diff(places), default=0)
        assert widest <= -(-len(mixed) // len(section)) + len(sizes)


def test_a_section_is_cut_more_often_than_it_must_be_where_that_is_asked():
    symbols = payload(1000)
    for at_least, count in ((1, 1), (3, 3), (2000, 1000)):
        assert len(split(header(1000), symbols, CFG, at_least)) == count


def test_a_length_that_contradicts_the_section_is_refused():
    with pytest.raises(ValueError, match="section of 10 symbols, header says 11"):
        split(header(11), payload(10), CFG)
