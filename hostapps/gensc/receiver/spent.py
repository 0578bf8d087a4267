"""What an image has cost on the air, and what it was coded by, as its burst headers say."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gensc.results.result import Symbols
from gensc_models.catalogue.shared import shared_codec_by_fingerprint
from gensc_models.codecs.layout import MAX_RATE, SideInfo, symbols_for
from gensc_phy.adaptation.side_link import side_link
from gensc_phy.waveform.config import HEADER_SIZES
from gensc_phy.waveform.fragment import fragment_edges
from gnuradio.gensc.codecs import bank_of

if TYPE_CHECKING:
    from gensc_models import Codec
    from gensc_models.codecs.bank import HyperpriorCodec
    from gensc_phy.waveform.config import WaveformConfig
    from gnuradio.gensc.metadata import Metadata


def codec_or_bank(fingerprint: int, places: Sequence[str] = ()) -> Codec | HyperpriorCodec:
    """What a burst header names, among the installed and in `places`.

    Raises:
        ValueError: there is none, or several.
    """
    try:
        return shared_codec_by_fingerprint(fingerprint, places)
    except ValueError as error:
        try:
            return bank_of(fingerprint, places)
        except ValueError:
            raise error from None


def spent(meta: Metadata, config: WaveformConfig) -> Symbols:
    """Symbols of an image, lost bursts included; of two streams the overhead is nearly so.

    Args:
        meta: of the image as its decoder gave it.
        config: waveform of its bursts, but for the size of their headers, which they say.
    """
    if meta.header_symbols in HEADER_SIZES:
        # A peer may say what does not fit this waveform: then its own is all there is.
        with suppress(ValueError):
            config = replace(config, header_symbols=meta.header_symbols)
    assert meta.shape is not None
    if meta.section == "bits" and meta.streams is None:  # of a codec bank: nothing but bits
        bits = meta.header().section_symbols
        return Symbols(digital=bits, overhead=_overhead(config, bits, meta.fragments or 1))
    analog = meta.total or 0
    overhead = _overhead(config, analog, meta.fragments or 1)
    # The rate counts all sections of an image: what is no analog symbol is header section.
    several = meta.streams is not None and 1 <= (meta.rate or 0) <= MAX_RATE
    digital = symbols_for(*meta.shape[:2], meta.rate or 1) - analog if several else 0
    if digital:
        copies = side_link(SideInfo.unpack(meta.aux or 0).snr_db).copies
        each = digital // copies
        overhead += copies * _overhead(config, each, -(-each // config.max_payload))
    return Symbols(analog=analog, digital=digital, overhead=overhead)


def _overhead(config: WaveformConfig, symbols: int, fragments: int) -> int:
    """Air overhead of all bursts of a section."""
    return sum(config.overhead(int(n)) for n in np.diff(fragment_edges(symbols, fragments)))
