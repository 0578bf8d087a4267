"""What an earlier run of the receiver has left in the archive, as the events it would have been."""

from __future__ import annotations

from collections.abc import Iterator

from gensc.receiver.archive import Archive
from gensc.receiver.archive.record import COARSE, Record
from gensc.receiver.bus import Event

#: Images of earlier runs that a page begins with.
MOST = 24


def earlier(archive: Archive | None) -> list[Event]:
    """The newest images of an archive, oldest first; their number is 0, before all events."""
    if archive is None:
        return []
    return [event for record in reversed(archive.find(limit=MOST)) for event in _of(record)]


def _of(record: Record) -> Iterator[Event]:
    """The events of one image."""
    about = {
        "key": record.key, "session": record.session, "image_id": record.image_id,
        "source": record.source, "name": record.name,
    }  # fmt: skip
    coarse = next((file for file in record.files if file.stage == COARSE), None)
    if coarse is None:
        yield Event("lost", record.received_at, {**about, "cause": record.cause})
        return
    yield Event(
        "image",
        record.received_at,
        {
            **about,
            "shape": record.shape, "file": coarse.path, "snr_db": record.snr_db,
            "spread_db": record.spread_db, "fragments": record.fragments,
            "fragments_received": record.fragments_received, "scheme": record.scheme,
            "weights": record.weights, "rate": record.rate, "reason": record.reason,
            "fate": record.fate, "cause": record.cause,
            "choice": None if record.choice is None else dict(record.choice),
            "psnr": record.metrics.get("psnr"), "latency_ms": dict(record.latency_ms),
        },
    )  # fmt: skip
    if record.caption is not None:
        told = {"key": record.key, "text": record.caption, "state": record.caption_state}
        yield Event("text", record.received_at, told)
    for file in record.files:
        if file is not coarse:
            metrics = file.facts.get("metrics") or {}
            told = {"key": record.key, "file": file.path, "stage": file.stage,
                    "ms": file.facts.get("ms"), "psnr": metrics.get("psnr")}  # fmt: skip
            yield Event("refined", file.written_at, told)
