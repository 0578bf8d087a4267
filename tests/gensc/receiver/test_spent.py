"""What an image has cost on the air."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gensc.receiver.spent import spent
from gensc_phy.waveform.config import HEADER_SIZES, WaveformConfig
from gnuradio.gensc.metadata import Metadata

CONFIG = WaveformConfig()
IMAGE = Metadata(session=1, image_id=2, section="analog", fragments=2, rate=32,
                 shape=(256, 256, 3), total=7000, aux=0)  # fmt: skip


@pytest.mark.parametrize("size", HEADER_SIZES)
def test_headers_cost_as_many_symbols_as_they_had(size: int) -> None:
    told = spent(replace(IMAGE, header_symbols=size), CONFIG)
    own = replace(CONFIG, header_symbols=size)
    assert told.analog == 7000
    assert told.overhead == 2 * own.overhead(3500)


@pytest.mark.parametrize("nonsense", [None, 0, 5, 1 << 40])
def test_what_no_header_has_is_not_believed(nonsense: int | None) -> None:
    assert spent(replace(IMAGE, header_symbols=nonsense), CONFIG) == spent(IMAGE, CONFIG)
    assert spent(IMAGE, CONFIG).overhead == 2 * CONFIG.overhead(3500)


def test_sizes_that_this_waveform_cannot_have_are_not_believed() -> None:
    narrow = replace(CONFIG, cp_len=4, occupied=24, n_pilots=2)
    # A header of four symbols does not hold its bits there.
    with pytest.raises(ValueError, match="header"):
        replace(narrow, header_symbols=4)
    assert spent(replace(IMAGE, header_symbols=4), narrow) == spent(IMAGE, narrow)
