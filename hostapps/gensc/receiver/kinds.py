"""The kinds of sources that a receiver service knows."""

from __future__ import annotations

from typing import Final, Literal

LOOPBACK: Final[Literal["loopback"]] = "loopback"
PDUS: Final[Literal["pdus"]] = "pdus"
KINDS = ("pluto", "uhd", "soapy", "zmq", "file", PDUS, LOOPBACK)
