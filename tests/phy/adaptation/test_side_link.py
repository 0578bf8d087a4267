"""How the header section of an image with two streams travels."""

import pytest

from gensc_phy.adaptation.side_link import side_link, side_symbols
from gensc_phy.coding.bits import symbols_for
from gensc_phy.coding.mcs import choose_mcs


@pytest.mark.parametrize(
    ("snr_db", "threshold_db", "copies"),
    [(-5.0, -1.5, 2), (3.5, -1.5, 2), (4.0, -1.5, 1), (11.5, -1.5, 1), (12.0, 1.5, 1)],
)
def test_the_lower_the_snr_the_more_it_may_cost(
    snr_db: float, threshold_db: float, copies: int
) -> None:
    link = side_link(snr_db)
    assert (link.mcs, link.copies) == (choose_mcs(threshold_db), copies)
    assert side_symbols(31, snr_db) == copies * symbols_for(31, link.mcs)


@pytest.mark.parametrize("snr_db", [4.0, 7.5, 11.5, 12.0, 18.0, 25.0])
def test_a_section_that_goes_once_has_five_decibels_to_spare(snr_db: float) -> None:
    assert snr_db - side_link(snr_db).mcs.threshold_db >= 5
