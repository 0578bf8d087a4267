"""The feedback of a measured SNR from receiver to transmitter: one small JSON object each.

    {"gensc": "snr", "version": 1, "snr_db": 12.25, "fragments": 4}

It carries no time: the two hosts' clocks differ, so the transmitter's own counts from its arrival.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from .errors import PduError

VERSION = 1
MAX_BYTES = 256
SNR_RANGE_DB = (-50.0, 100.0)
"""What a receiver can have measured; anything else is a mistake."""


@dataclass(frozen=True)
class SnrReport:
    """What one datagram says.

    Attributes:
        snr_db: Es/N0 in dB, averaged in linear units.
        fragments: bursts it was averaged over.
    """

    snr_db: float
    fragments: int


def pack(report: SnrReport) -> bytes:
    """The datagram of a report."""
    content = {
        "gensc": "snr",
        "version": VERSION,
        "snr_db": round(float(report.snr_db), 3),
        "fragments": int(report.fragments),
    }
    return json.dumps(content, allow_nan=False).encode()


def unpack(datagram: bytes) -> SnrReport:
    """The report of a datagram.

    Raises:
        PduError: bytes that are no such datagram, of another version, or no SNR.
    """
    if len(datagram) > MAX_BYTES:
        raise PduError(f"SNR feedback of {len(datagram)} bytes")
    try:
        content = json.loads(datagram)
    except (ValueError, RecursionError) as error:
        raise PduError("not an SNR feedback") from error
    if not isinstance(content, dict) or content.get("gensc") != "snr":
        raise PduError("not an SNR feedback")
    if content.get("version") != VERSION:
        raise PduError(f"SNR feedback version {content.get('version')}, this is {VERSION}")
    snr_db, fragments = content.get("snr_db"), content.get("fragments")
    if isinstance(snr_db, bool) or not isinstance(snr_db, int | float):
        raise PduError("SNR feedback without snr_db")
    if isinstance(fragments, bool) or not isinstance(fragments, int) or fragments < 1:
        raise PduError("SNR feedback without fragments")
    low, high = SNR_RANGE_DB
    if math.isnan(snr_db) or not low <= snr_db <= high:
        raise PduError(f"SNR feedback of {snr_db} dB")
    return SnrReport(float(snr_db), fragments)
