"""Images of an archive in a folder of their own, with lines of the results contract."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gensc.receiver.archive.archive import Archive
from gensc.receiver.archive.record import COARSE, File, Record
from gensc.results.result import METRICS, Result, write_results
from gensc.system.errors import UserError
from gensc.system.folders import writable_folder
from gensc.system.plain import plain
from gensc.system.weights import Weights
from gensc_phy.atomic import atomic_file, write_text

LINES = "results.jsonl"


@dataclass(frozen=True)
class Exported:
    """What was written: images, the files of their stages, and lines."""

    images: int
    files: int
    lines: int


def export(archive: Archive, records: Sequence[Record], out: Path) -> Exported:
    """Copy pictures and captions, and write a line for each; lost images have a line alone.

    Raises:
        UserError: nothing can be written there, it has been written there before, or a picture of
            the archive is missing.
        OSError: the disk is full.
    """
    if (out / LINES).exists():
        raise UserError(f"{out / LINES}: is there already; name another folder")
    writable_folder(out)
    lines: list[dict[str, Any]] = []
    files = 0
    for record in reversed(records):
        for file in record.files:
            try:
                with (
                    (archive.folder / file.path).open("rb") as source,
                    atomic_file(out / _name(record, file)) as target,
                ):
                    shutil.copyfileobj(source, target)
            except FileNotFoundError:
                raise UserError(
                    f"{archive.folder / file.path}: is missing; gensc archive verify says what is"
                ) from None
            lines.append(line_of(record, file))
            files += 1
        if not record.files:
            lines.append(line_of(record, None))
        if record.caption:
            write_text(out / f"{record.key}.txt", f"{plain(record.caption)}\n")
    write_results(out / LINES, lines)
    return Exported(len(records), files, len(lines))


def _name(record: Record, file: File) -> str:
    return f"{record.key}.png" if file.stage == COARSE else f"{record.key}-{file.stage}.png"


def line_of(record: Record, file: File | None) -> dict[str, Any]:
    """A line of the results contract for one picture, or for an image without any."""
    facts = dict(file.facts) if file else {}
    stage = file.stage if file else COARSE
    staged = stage != COARSE
    metrics = facts.pop("metrics", {}) if staged else record.metrics
    refiner = Weights(str(facts.pop("weights")), str(facts.pop("sha256", ""))) if (
        staged and facts.get("weights")
    ) else None  # fmt: skip
    missing = "nothing received" if file is None else "the receiver has no original to compare with"
    times = {**record.latency_ms, **({file.stage: facts["ms"]} if file and "ms" in facts else {})}
    result = Result(
        image=_name(record, file) if file else (record.name or record.key),
        image_id=record.image_id,
        shape=record.shape or (0, 0, 3),
        scheme=record.scheme + (f"+{refiner.id if refiner else stage}" if staged else ""),
        weights=Weights(record.weights, record.weights_sha256 or "") if record.weights else None,
        refiner=refiner,
        channel=record.channel,
        via=record.via,  # type: ignore[arg-type]  # as the record was given it
        snr_measured_db=record.snr_db,
        symbols=record.spent,
        received=file is not None,
        metrics=dict(metrics),
        reasons={**dict.fromkeys(METRICS, missing), **record.reasons},
        latency_ms=times,
        fragments=record.fragments,
        fragments_lost=_lost(record),
        text=record.caption,
        text_ok=None if record.caption_state is None else record.caption_state == "exact",
        text_state=record.caption_state,
        extra={**told(record), **({"stage": file.stage, **facts} if staged and file else {})},
    )
    line = plain(result.as_dict())
    return line if record.shape else {**line, "shape": None}


def _lost(record: Record) -> int | None:
    if record.fragments is None or record.fragments_received is None:
        return None
    return record.fragments - record.fragments_received


def told(record: Record) -> dict[str, Any]:
    """What the archive knows beyond the fields of a result line."""
    return {
        **record.extra,
        "key": record.key,
        "session": None if record.session is None else f"{record.session:04x}",
        "received_at": record.received_at,
        "source": record.source,
        "peer": record.peer,
        "name": record.name,
        "original_sha256": record.original_sha256,
        "rate": record.rate,
        "spread_db": record.spread_db,
        "snr_bursts": list(record.snr_bursts),
        "symbols_by_fate": dict(vars(record.symbols)),
        "choice": record.choice,
        "choice_reason": record.reason,
        "fate": record.fate,
        "cause": record.cause,
    }
