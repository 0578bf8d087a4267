"""A record in words and as JSON."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from gensc.receiver.archive.record import COARSE, Record
from gensc.system.plain import plain


def as_dict(record: Record) -> dict[str, Any]:
    """Everything, as JSON can say it."""
    told = dict(vars(record))
    told["session"] = None if record.session is None else f"{record.session:04x}"
    told["received_at"] = moment(record.received_at)
    told["symbols"] = vars(record.symbols)
    told["spent"] = record.spent.as_dict()
    told["files"] = [{**vars(file), "written_at": moment(file.written_at)} for file in record.files]
    return plain(told)


def row(record: Record) -> dict[str, str]:
    """The columns of a list."""
    psnr = record.metrics.get("psnr")
    return {
        "key": record.key,
        "received (UTC)": moment(record.received_at)[:19].replace("T", " "),
        "source": record.source or "–",
        "scheme": record.scheme or "–",
        "SNR dB": _number(record.snr_db),
        "bursts": "–" if record.fragments is None else _bursts(record),
        "PSNR dB": _number(psnr),
        "fate": record.fate + (f": {record.cause}" if record.cause else ""),
        "stages": " ".join(file.stage for file in record.files if file.stage != COARSE) or "–",
        "caption": record.caption or "–",
    }


def lines(record: Record, folder: Path) -> list[tuple[str, str]]:
    """Name and value of all that is known; files with their folder."""
    found: list[tuple[str, str]] = []
    for name, value in as_dict(record).items():
        if name == "files" or value in (None, "", [], {}):
            continue
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items() if v is not None)
        elif isinstance(value, list):
            value = " ".join(map(str, value))
        found.append((name, str(value)))
    for file in record.files:
        facts = "".join(f", {k} {v}" for k, v in file.facts.items())
        found.append((file.stage, f"{folder / file.path} ({file.size} bytes{facts})"))
    return found


def moment(unix_s: float) -> str:
    """A time as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(unix_s, timezone.utc).isoformat(timespec="milliseconds")


def _bursts(record: Record) -> str:
    return f"{record.fragments_received or 0}/{record.fragments}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
