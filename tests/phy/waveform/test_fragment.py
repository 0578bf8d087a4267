import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc_phy import WaveformConfig, split
from gensc_phy.waveform.fragment import interleave
from waveform import header, payload

CFG = WaveformConfig()


def fragments(n, **fields):
    symbols = payload(n)
    return symbols, split(header(n, **fields), symbols, CFG)


def test_fragments_hold_a_burst_at_most_and_nearly_the_same_each():
    _, parts = fragments(10_000)
    sizes = [len(part) for _, part in parts]
    assert max(sizes) <= CFG.max_payload
    assert max(sizes) - min(sizes) <= 1


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
