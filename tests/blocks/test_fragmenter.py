"""fragmenter: a section becomes the fragments of single bursts."""

from dataclasses import replace

import numpy as np
import pytest

from gnuradio import gensc
from gnuradio.gensc.metadata import make_pdu, read_pdu
from pdu_blocks import CONFIG, analog_section, fragment_pdus, junk, through


def test_every_symbol_is_in_exactly_one_fragment():
    section, symbols = analog_section(image_id=9)
    parts = [read_pdu(pdu, np.complex64) for pdu in fragment_pdus(section)]
    assert [metadata.fragment for metadata, _ in parts] == list(range(len(parts)))
    assert all(metadata.fragments == len(parts) for metadata, _ in parts)
    assert max(part.size for _, part in parts) <= CONFIG.max_payload
    together = np.concatenate([part for _, part in parts])
    np.testing.assert_array_equal(np.sort_complex(together), np.sort_complex(symbols))


def test_a_fragment_carries_what_the_section_says():
    section, _ = analog_section(image_id=9)
    metadata, _ = read_pdu(fragment_pdus(section)[0], np.complex64)
    assert (metadata.image_id, metadata.section, metadata.total) == (9, "analog", 8192)
    assert (metadata.weights, metadata.rate, metadata.aux) == (1, 32, 77)
    assert metadata.shape == (256, 256, 3)


@pytest.mark.parametrize(
    "changes",
    [{"total": 5}, {"rate": 300}, {"shape": (20000, 8, 3)}, {"section": "bits", "rate": 99}],
)
def test_a_section_that_contradicts_itself_is_counted(changes):
    keys = {"image_id": 1, "section": "analog", "rate": 32, "shape": (16, 16, 3), "total": 32}
    bad = make_pdu(gensc.Metadata(**(keys | changes)), np.ones(32, np.complex64))
    good = make_pdu(gensc.Metadata(**keys), np.ones(32, np.complex64))
    block = gensc.fragmenter(CONFIG)
    assert len(through(block, [bad, good], "section", "fragment")) == 1
    assert block.dropped == 1


def test_junk_is_counted():
    block = gensc.fragmenter(CONFIG)
    assert through(block, junk(), "section", "fragment") == []
    assert block.dropped == len(junk())


def streams(sizes, image_id=1, **keys):
    """The analog sections of an image that has several."""
    sections = []
    for stream, n in enumerate(sizes):
        metadata, symbols = read_pdu(analog_section(image_id, n)[0], np.complex64)
        told = replace(metadata, stream=stream, streams=len(sizes), **keys)
        sections.append(make_pdu(told, symbols))
    return sections


def sent(sections):
    """(image, stream, fragment) of every burst."""
    bursts = through(gensc.fragmenter(CONFIG), sections, "section", "fragment")
    found = [read_pdu(b, np.complex64)[0] for b in bursts]
    return [(m.image_id, m.stream, m.fragment) for m in found]


def test_the_bursts_of_two_streams_take_turns():
    assert sent(streams([3000, 2000])) == [(1, 0, 0), (1, 1, 0), (1, 0, 1), (1, 1, 1)]
    longer = sent(streams([20_000, 2000]))
    assert longer.index((1, 1, 0)) in (1, 2)
    assert len(longer) - longer.index((1, 1, 1)) in (2, 3)


def test_a_short_stream_is_not_cut_for_it():
    assert sent(streams([600, 2000])) == [(1, 1, 0), (1, 0, 0), (1, 1, 1)]


def test_a_stream_does_not_wait_for_one_that_never_comes():
    lonely, pair = streams([2000, 2000], image_id=1)[:1], streams([2000, 2000], image_id=2)
    order = [(2, 0, 0), (2, 1, 0), (2, 0, 1), (2, 1, 1)]
    assert sent([*lonely, *pair]) == [(1, 0, 0), (1, 0, 1), *order]
    plain = analog_section(3, 100)[0]
    assert sent([*lonely, plain]) == [(1, 0, 0), (1, 0, 1), (3, 0, 0)]
    assert sent(lonely) == [(1, 0, 0), (1, 0, 1)]


def test_streams_that_contradict_themselves_are_dropped_and_the_next_image_is_sent():
    block = gensc.fragmenter(CONFIG)
    bad = streams([2000, 2000], image_id=1, total=7)
    bursts = through(block, [*bad, *streams([2000, 2000], image_id=2)], "section", "fragment")
    assert [read_pdu(b, np.complex64)[0].image_id for b in bursts] == [2] * 4
    assert block.dropped == 2
