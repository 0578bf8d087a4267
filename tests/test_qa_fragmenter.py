"""fragmenter: a section becomes the fragments of single bursts."""

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
    assert (metadata.model, metadata.rate, metadata.aux) == (1, 32, 77)
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
