"""`kill -9` of an archive's writer at random instants, and what the archive holds afterwards."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gensc.receiver.archive import Archive

#: A writer is killed so long after its first acknowledgement, at most, s.
_LONGEST_S = 0.6


@dataclass(frozen=True)
class Kill:
    """What one kill left.

    Attributes:
        after_s: so long after the writer had opened the archive.
        acknowledged: calls that had returned, of this writer.
        taken_away: pictures that were being written.
        missing: acknowledged images that are not there, or not as acknowledged.
        findings: of `verify`, before and after the archive was opened to write again.
        open_s: what that opening took.
    """

    after_s: float
    acknowledged: int
    taken_away: int
    missing: int
    findings: int
    open_s: float


def kill_at_random(
    folder: Path, kills: int, seed: int = 0, step: Callable[[], None] = lambda: None
) -> list[Kill]:
    """Kill one writer after the other in one archive; each goes on where the last was ended."""
    generator = random.Random(seed)
    told: dict[tuple[str, str], str] = {}
    done = []
    for number in range(kills):
        done.append(_kill(folder, generator, number, told))
        step()
    return done


def _kill(folder: Path, generator: random.Random, number: int, told: dict[Any, str]) -> Kill:
    command = [sys.executable, "-m", "gensc.trials.robust.archive_writer", str(folder), str(number)]
    after_s = generator.uniform(0.0, _LONGEST_S)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        if first != b"open\n":
            raise RuntimeError(f"the writer said {first!r}")
        time.sleep(after_s)
        writer.kill()
        # What it said last may be cut: the call had returned, but nobody was told.
        said = [line.decode().split() for line in writer.stdout if line.endswith(b"\n")]
    for key, stage, *sha256 in said:
        told[key, stage] = sha256[0] if sha256 else ""
    with Archive(folder, read_only=True) as archive:
        findings = archive.verify()
    started = time.monotonic()
    with Archive(folder) as archive:
        open_s = time.monotonic() - started
        findings += archive.verify()
        missing = sum(not _there(archive, *acknowledged) for acknowledged in told.items())
        return Kill(after_s, len(said), archive.recovered, missing, len(findings), open_s)


def _there(archive: Archive, what: tuple[str, str], sha256: str) -> bool:
    """Whether an acknowledged image is there as it was acknowledged.

    A refined one may have been replaced by the next, of which nobody was told yet.
    """
    key, stage = what
    record = archive.get(key)
    if record is None:
        return False
    if stage == "lost":
        return record.fate == "lost"
    file = record.file(stage)
    return file is not None and (stage == "refined" or file.sha256 == sha256)
