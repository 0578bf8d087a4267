"""How the header section of an image with two streams travels."""

import pytest

from gensc_phy.adaptation.side_link import side_link, side_symbols
from gensc_phy.coding.bits import symbols_for


@pytest.mark.parametrize(
    ("snr_db", "mcs", "copies"),
    [(-5.0, 0, 2), (3.5, 0, 2), (4.0, 0, 1), (11.5, 0, 1), (12.0, 1, 1), (25.0, 1, 1)],
)
def test_the_lower_the_snr_the_more_it_may_cost(snr_db: float, mcs: int, copies: int) -> None:
    link = side_link(snr_db)
    assert (link.mcs.index, link.copies) == (mcs, copies)
    assert side_symbols(31, snr_db) == copies * symbols_for(31, link.mcs)


@pytest.mark.parametrize("snr_db", [4.0, 7.5, 11.5, 12.0, 18.0, 25.0])
def test_a_section_that_goes_once_has_five_decibels_to_spare(snr_db: float) -> None:
    assert snr_db - side_link(snr_db).mcs.threshold_db >= 5
