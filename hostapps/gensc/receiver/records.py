"""What the archive is told of an image."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gensc.receiver.account import (
    BITS_DAMAGED,
    BURSTS_LOST,
    DAMAGED,
    LOST,
    STORED,
    SYMBOLS_ERASED,
    Account,
)
from gensc.receiver.archive import Record
from gensc.receiver.spent import spent
from gensc.results.result import METRICS

if TYPE_CHECKING:
    from gensc.link.blocks import Seen
    from gensc.system.weights import Weights
    from gensc_phy.waveform.config import WaveformConfig
    from gnuradio.gensc.metadata import Metadata

#: Stages of an image's way to the disk, in order.
STEPS = ("detect", "assemble", "decode", "store")
NO_ORIGINAL = "the receiver has no original to compare with"


@dataclass(frozen=True)
class Caption:
    """The text that came with an image; "exact", "repaired" or "dropped"."""

    text: str
    state: str


def fate_of(metadata: Metadata) -> tuple[str, str]:
    """Fate and cause of an image of which there is a picture."""
    missing = (metadata.fragments_received or 0) < (metadata.fragments or 0)
    if metadata.section == "bits" and metadata.streams is None and metadata.complete:
        return STORED, ""  # its code has made up for whatever was missing
    if missing:
        return DAMAGED, BURSTS_LOST
    if metadata.complete is False:
        return DAMAGED, BITS_DAMAGED
    return (DAMAGED, SYMBOLS_ERASED) if metadata.erased else (STORED, "")


def latency_ms(account: Account, decoded: float) -> dict[str, float]:
    """From the last sample of an image's last burst to its decoded picture, by step.

    Args:
        account: with its times.
        decoded: when the picture was there, `time.perf_counter` s.
    """
    times = {**account.times, "decoded": decoded}
    steps = (
        ("detect", "last_sample", "burst"),
        ("assemble", "burst", "section"),
        ("decode", "section", "decoded"),
    )
    return {
        name: 1e3 * (times[end] - times[begin])
        for name, begin, end in steps
        if begin in times and end in times
    }


def picture(
    account: Account,
    seen: Seen,
    config: WaveformConfig,
    weights: Weights | None,
    caption: Caption | None,
    peer: str,
    name: str,
) -> Record:
    """The record of an image that was decoded.

    Args:
        account: of it.
        seen: as the decoder gave it.
        config: waveform of its bursts.
        weights: what it was coded by.
        caption: that has come so far.
        peer: what its transmitter calls itself.
        name: what the image is called, where nobody has its name already.
    """
    meta = seen.metadata
    fate, cause = fate_of(meta)
    return Record(
        session=account.session,
        image_id=account.image_id,
        received_at=account.received_at or time.time(),
        key=name,
        shape=meta.shape,
        scheme=weights.id if weights else f"weights {meta.weights or 0:04x}",
        weights=weights.id if weights else None,
        weights_sha256=weights.sha256 if weights else None,
        rate=meta.rate,
        snr_db=meta.snr_db,
        fragments=meta.fragments,
        fragments_received=meta.fragments_received,
        spent=spent(meta, config),
        reasons=dict.fromkeys(METRICS, NO_ORIGINAL),
        latency_ms=latency_ms(account, seen.time),
        fate=fate,  # type: ignore[arg-type]  # one of its words
        cause=cause,
        extra={"cfo_hz": meta.cfo_hz, "point": meta.point},
        **_both(account, caption, peer),
    )


def loss(account: Account, caption: Caption | None, peer: str, name: str) -> Record:
    """The record of an image of which there is no picture; arguments as of `picture`."""
    return Record(
        session=account.session,
        image_id=account.image_id,
        received_at=account.received_at or time.time(),
        key=name,
        shape=account.shape or (account.sent.shape if account.sent else None),
        scheme=account.sent.scheme if account.sent else "",
        snr_db=account.snr_db(),
        fragments=account.fragments,
        fragments_received=account.received,
        reasons=dict.fromkeys(METRICS, account.cause),
        fate=LOST,  # type: ignore[arg-type]  # one of its words
        cause=account.cause,
        extra={"why": account.why} if account.why else {},
        **_both(account, caption, peer),
    )


def choice_of(account: Account) -> Mapping[str, Any] | None:
    """The row that the sender chose; None where it did not say."""
    sent = account.sent
    if sent is None:
        return None
    names = ("scheme", "point", "alpha", "cbr", "mcs", "gvif")
    return {name: getattr(sent, name) for name in names}


def _both(account: Account, caption: Caption | None, peer: str) -> dict[str, Any]:
    """What is known of an image with or without a picture."""
    sent = account.sent
    return {
        "source": account.source,
        "peer": peer,
        "name": sent.name if sent else "",
        "original_sha256": sent.sha256 if sent else None,
        "spread_db": account.spread_db(),
        "snr_bursts": tuple(account.snrs_db),
        "symbols": account.symbols(),
        "caption": caption.text if caption else None,
        "caption_state": caption.state if caption else None,
        "choice": choice_of(account),
        "reason": sent.reason if sent else "",
    }
