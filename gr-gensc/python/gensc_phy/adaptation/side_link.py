"""How the header section of an image with two streams travels: as much as the SNR lets it cost.

Both ends know the SNR the image was designed for, and with it what the section took from the
streams.
"""

from __future__ import annotations

from dataclasses import dataclass

from gensc_phy.coding.bits import symbols_for
from gensc_phy.coding.mcs import ROBUST_MCS, Mcs, choose_mcs


@dataclass(frozen=True)
class SideLink:
    """Scheme of a header section, and how often it is sent: before the streams and after them."""

    mcs: Mcs
    copies: int

    def symbols(self, n_bytes: int) -> int:
        """Channel symbols of all copies of a section."""
        return self.copies * symbols_for(n_bytes, self.mcs)


_LINKS = ((4.0, SideLink(ROBUST_MCS, 2)), (12.0, SideLink(ROBUST_MCS, 1)))
_BEST = SideLink(choose_mcs(1.5), 1)


def side_link(snr_db: float) -> SideLink:
    """The way for a design Es/N0.

    Without its section an image is lost, so the scheme has about 10 dB to spare for fading; where
    that cannot be had, the section goes twice, as far apart in time as the image allows.
    """
    return next((link for below, link in _LINKS if snr_db < below), _BEST)


def side_link_of(n_bytes: int, symbols: int) -> SideLink | None:
    """The way that takes so many symbols for a header section; None where none does."""
    ways = (*(link for _, link in _LINKS), _BEST)
    return next((link for link in ways if link.symbols(n_bytes) == symbols), None)


def side_symbols(n_bytes: int, snr_db: float) -> int:
    """Channel symbols of a header section of so many bytes at a design Es/N0."""
    return side_link(snr_db).symbols(n_bytes)
