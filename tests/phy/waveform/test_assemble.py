"""Bursts of one or several transmitters become sections again, and every burst is accounted for."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc_phy import Assembler, Burst, BurstModulator, BurstReceiver, WaveformConfig, split
from gensc_phy.channel.impairments import complex_noise
from gensc_phy.waveform.fragment import interleave
from waveform import header, payload

CFG = WaveformConfig()


def fragments(n, at_least=1, **fields):
    symbols = payload(n, fields.get("session", 0) + fields.get("image_id", 0))
    return symbols, split(header(n, **fields), symbols, CFG, at_least)


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


@pytest.mark.parametrize("change", [{"total": 1 << 23}, {"total": 7_000}])
def test_sections_that_are_too_large_or_of_another_length_are_refused_and_counted(change):
    _, parts = fragments(8_000)
    assembler = Assembler()
    assert assembler.add(received(replace(parts[0][0], **change), parts[0][1])) == []
    assert assembler.stats.refused == 1
    assert assembler.flush() == []


def noisy(head, part, snr_db=10.0, seed=0):
    """The burst as a receiver has it at an SNR."""
    noise_var = 10 ** (-snr_db / 10)
    noise = complex_noise(len(part), noise_var, np.random.default_rng((seed, head.fragment)))
    burst = received(head, part + noise)
    return replace(burst, noise_var=np.full(len(part), noise_var, np.float32))


def accounts(assembler):
    """The counters, after a check that every burst is in one of them."""
    stats = assembler.stats
    assert (
        stats.fragments
        == stats.taken + stats.combined + stats.duplicates + stats.late + stats.refused
    )
    return stats


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 30.0])
def test_a_burst_that_is_received_twice_is_a_duplicate_also_when_its_section_is_out(snr_db):
    _, parts = fragments(8_000)
    assembler = Assembler()
    out = []
    for seed in range(3):
        for head, part in parts:
            out += assembler.add(noisy(head, part, snr_db, seed))
    assert [section.complete for section in out] == [True]
    stats = accounts(assembler)
    assert (stats.taken, stats.duplicates, stats.conflicting) == (3, 6, 0)


def test_copies_are_waited_for_and_put_together():
    """Three copies at 10 dB are worth one at 14.8 dB, and come out once."""
    symbols, parts = fragments(9000)
    assembler = Assembler(copies=3)
    out = []
    for copy in range(4):
        out += [
            assembler.add(noisy(h, part, 10.0, seed=10 * copy + h.fragment)) for h, part in parts
        ]
    given = [section for sections in out for section in sections]
    assert len(given) == 1
    (section,) = given
    assert section.complete
    error = np.mean(np.abs(section.symbols - symbols) ** 2)
    assert 10 * np.log10(error) == pytest.approx(-14.77, abs=0.4)
    np.testing.assert_allclose(section.noise_var, 0.1 / 3, rtol=1e-4)
    assert section.snr_db == pytest.approx(14.77, abs=0.01)
    stats = assembler.stats
    n = len(parts)
    assert (stats.taken, stats.combined, stats.duplicates) == (n, 2 * n, n)


def test_a_burst_that_one_copy_lacks_another_one_brings():
    symbols, parts = fragments(9000)
    assembler = Assembler(copies=2)
    for head, part in parts[1:]:
        assert assembler.add(received(head, part)) == []
    for head, part in parts[:-1]:
        assert assembler.add(received(head, part)) == []
    (section,) = assembler.flush()
    assert section.complete
    np.testing.assert_allclose(section.symbols, symbols, atol=1e-5)
    one, two = (np.isclose(section.noise_var, v).mean() for v in (0.1, 0.05))
    assert one + two == 1
    assert one == pytest.approx(2 / len(parts), abs=0.05)


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 30.0])
def test_another_content_under_a_number_that_is_taken_begins_a_section_of_its_own(snr_db):
    (symbols, parts), other = fragments(8_000), payload(8_000, seed=7)
    again = split(header(8_000), other, CFG)
    assembler = Assembler()
    out = [s for head, part in parts[:2] for s in assembler.add(noisy(head, part, snr_db))]
    out += [s for head, part in again for s in assembler.add(noisy(head, part, snr_db, 1))]
    assert [(s.received, s.complete) for s in out] == [(2, False), (3, True)]
    at = np.isfinite(out[0].noise_var)
    np.testing.assert_allclose(out[0].symbols[at], symbols[at], atol=6 * 10 ** (-snr_db / 20))
    np.testing.assert_allclose(out[1].symbols, other, atol=6 * 10 ** (-snr_db / 20))
    assert accounts(assembler).conflicting == 1


def test_what_comes_after_its_section_was_given_out_is_late_and_makes_no_second_one():
    _, parts = fragments(8_000)
    assembler = Assembler()
    for head, part in parts[1:]:
        assert assembler.add(received(head, part)) == []
    assert [s.received for s in assembler.flush()] == [2]
    assert assembler.add(received(*parts[0])) == []
    assert assembler.flush() == []
    assert accounts(assembler).late == 1


@pytest.mark.parametrize(
    "other",
    [
        {"session": 1}, {"image_id": 1}, {"weights": 2}, {"height": 64}, {"width": 64},
        {"rate": 16}, {"aux": 1}, {"stream": 1},
    ],
)  # fmt: skip
def test_whatever_differs_in_the_header_is_another_section(other):
    streams = [fragments(8_000), fragments(8_000, **other)]
    assembler = Assembler()
    out = []
    for pair in zip(*(parts for _, parts in streams), strict=True):
        for head, part in pair:
            out += assembler.add(received(head, part))
    assert [(s.complete, s.received) for s in out] == [(True, 3), (True, 3)]
    for (symbols, parts), section in zip(streams, out, strict=True):
        assert section.header == replace(parts[0][0], fragment=0)
        assert np.array_equal(section.symbols, symbols)


def test_a_session_with_many_open_sections_pushes_out_none_of_another():
    assembler = Assembler(max_pending=2)
    assert assembler.add(received(*fragments(8_000, session=1)[1][0])) == []
    out = []
    for i in range(6):
        out += assembler.add(received(*fragments(8_000, session=2, image_id=i)[1][0]))
    assert [(s.header.session, s.header.image_id) for s in out] == [(2, 0), (2, 1), (2, 2), (2, 3)]
    assert {s.header.session for s in assembler.flush()} == {1, 2}


def test_sessions_without_end_do_not_fill_the_memory():
    assembler = Assembler(max_pending=2)
    out = []
    for i in range(50):
        out += assembler.add(received(*fragments(4_000, session=i)[1][0]))
    assert len(out) == 50 - 8
    assert [s.header.session for s in out] == list(range(42))


SESSIONS = (0x1111, 0x2222, 0x3333)


def on_the_air(bursts, gap=400):
    """Bursts one after the other, as a receiver that hears all of them has them."""
    modulator, receiver = BurstModulator(CFG), BurstReceiver(CFG)
    silence = np.zeros(gap, np.complex64)
    samples = [piece for b in bursts for piece in (silence, modulator.modulate(*b))]
    stream = np.concatenate([*samples, silence])
    noise = complex_noise(stream.size, 0.05, np.random.default_rng(1))
    return [*receiver.push(stream + noise), *receiver.flush()]


@pytest.mark.parametrize("transmitters", [2, 3])
def test_transmitters_that_take_turns_on_one_channel_give_every_image_of_each_whole(transmitters):
    sent = {
        (session, i): fragments(2_000 + 100 * i, session=session, image_id=i, at_least=5)
        for session in SESSIONS[:transmitters]
        for i in range(5)
    }
    lanes = [
        [part for i in range(5) for part in sent[session, i][1]]
        for session in SESSIONS[:transmitters]
    ]
    assembler = Assembler()
    out = [s for b in on_the_air(interleave(lanes)) for s in assembler.add(b)]
    assert assembler.flush() == []
    assert sorted((s.header.session, s.header.image_id) for s in out) == sorted(sent)
    assert all(s.complete for s in out)
    for section in out:
        symbols, _ = sent[section.header.session, section.header.image_id]
        assert np.mean(np.abs(section.symbols - symbols) ** 2) < 0.1
    stats = accounts(assembler)
    assert (stats.taken, stats.complete) == (25 * transmitters, 5 * transmitters)


def test_a_restart_in_the_middle_of_an_image_mixes_nothing_though_its_numbers_come_again():
    _, broken = fragments(9_000, session=SESSIONS[0], at_least=5)
    symbols, whole = fragments(9_000, session=SESSIONS[1], at_least=5)
    assembler = Assembler()
    out = [s for b in on_the_air([*broken[:2], *whole]) for s in assembler.add(b)]
    out += assembler.flush()
    assert [(s.header.session, s.received, s.complete) for s in out] == [
        (SESSIONS[1], 5, True),
        (SESSIONS[0], 2, False),
    ]
    assert np.mean(np.abs(out[0].symbols - symbols) ** 2) < 0.1
