"""`gensc bench robust`: what the receiver bears.

* Archive: a writer is killed (SIGKILL) at random instants under load, the next one goes on in the
  same archive. Before and after, everything is verified, and every image that was acknowledged is
  looked for.
* Messages: hostile ones at every ZeroMQ port, each port in a process of its own: none crashes,
  every message is taken or counted as dropped, and memory stays where it was.
* Recordings: of three captioned photos, damaged in nine ways, received as `gensc receive` does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gensc.experiment.base import BenchResult, Check, Table
from gensc.system.errors import UserError
from gensc.system.progress import progress
from gensc.trials.robust.attack import Attacked, attack
from gensc.trials.robust.killed import kill_at_random
from gensc.trials.robust.ports import PORTS
from gensc.trials.robust.recordings import DAMAGES, judge, totals

#: Codecs whose recordings are damaged.
MODELS = ("softcast", "hyperprior")
_MOST_MIB = 16.0


@dataclass(frozen=True)
class Size:
    """How much work a run does: kills, messages a port, damaged recordings in all."""

    kills: int
    messages: int
    recordings: int


FULL = Size(kills=50, messages=100_000, recordings=1000)
QUICK = Size(kills=4, messages=1000, recordings=2 * len(DAMAGES))


def run(quick: bool, only: str = "") -> BenchResult:
    """Measure all parts, or one of them.

    Raises:
        UserError: no part of that name.
    """
    if only and only not in PARTS:
        raise UserError(f"--only {only}: one of {', '.join(PARTS)}")
    size = QUICK if quick else FULL
    result = BenchResult(f"robust-{only}" if only else "robust", settings=asdict(size))
    for name, part in PARTS.items():
        if only in ("", name):
            result.add(part(size))
    return result


def archive(size: Size) -> BenchResult:
    """Writers killed at random instants."""
    with tempfile.TemporaryDirectory() as folder, progress("kill -9", size.kills) as reporter:
        kills = kill_at_random(Path(folder) / "archive", size.kills, step=reporter.step)
    rows = [{"part": "archive", "kill": n, **asdict(kill)} for n, kill in enumerate(kills)]
    summed = {
        "kills": len(kills),
        "acknowledged": sum(kill.acknowledged for kill in kills),
        "taken_away": sum(kill.taken_away for kill in kills),
        "missing": sum(kill.missing for kill in kills),
        "findings": sum(kill.findings for kill in kills),
        "open_s": max(kill.open_s for kill in kills),
    }
    columns = {
        "kills": "kills", "acknowledged": "calls acknowledged", "taken_away": "taken away",
        "missing": "missing", "findings": "findings", "open_s": "longest opening, s",
    }  # fmt: skip
    return BenchResult(
        "",
        rows=rows,
        tables=[Table("Archive: its writer killed at random instants", columns, [summed], 3)],
        checks=[
            Check("acknowledged images that are missing", summed["missing"], "", "<=", 0, "issue"),
            Check("findings of verify", summed["findings"], "", "<=", 0, "issue"),
            Check("longest opening after a kill", summed["open_s"], "s", "<=", 2, "issue"),
        ],
    )


def messages(size: Size) -> BenchResult:
    """Hostile messages at every port."""
    told: list[Attacked] = []
    with progress("messages", len(PORTS)) as reporter:
        for port in PORTS:
            told.append(attack(port, size.messages))
            reporter.step(port.name)
    rows = [
        {
            "part": "messages",
            **asdict(one),
            "kinds": dict(one.kinds),
            "memory": one.memory[:: max(1, len(one.memory) // 50)],
            "unaccounted": one.unaccounted,
            "growth_mib": one.after_mib - one.before_mib,
        }
        for one in told
    ]
    columns = {
        "port": "port", "sent": "sent", "taken": "taken", "dropped": "dropped",
        "unaccounted": "unaccounted", "crashed": "crashed", "alive": "alive",
        "growth_mib": "growth, MiB", "seconds": "s",
    }  # fmt: skip
    return BenchResult(
        "",
        rows=rows,
        tables=[Table("Hostile messages at every ZeroMQ port", columns, rows, 1)],
        checks=[
            Check("ports that crashed", sum(one.crashed for one in told), "", "<=", 0, "issue"),
            Check("ports that are dead", sum(not one.alive for one in told), "", "<=", 0, "issue"),
            Check("messages unaccounted for", sum(one.unaccounted for one in told), "", "<=", 0,
                  "issue"),
            Check.worst("growth of memory", [one.after_mib - one.before_mib for one in told],
                        "MiB", "<=", _MOST_MIB, "issue"),
        ],
    )  # fmt: skip


def recordings(size: Size) -> BenchResult:
    """Damaged recordings."""
    rows: list[dict[str, Any]] = []
    checks: list[Check] = []
    with progress("recordings", size.recordings) as reporter:
        for model in MODELS:
            kinds = judge(model, size.recordings // len(MODELS), step=reporter.step)
            rows += [
                {"part": "recordings", "model": model, **asdict(kind), "why": kind.why[:20]}
                for kind in kinds
            ]
            sums = totals(kinds)
            checks += [
                Check(f"{model}: {what}", sums[name], "", "<=", 0, "issue")
                for name, what in (
                    ("wrong", "wrong images called good"),
                    ("wrong_texts", "wrong texts called whole"),
                    ("unknown", "images or texts that nobody sent"),
                    ("failures", "receptions that ended in an exception"),
                )
            ]
    columns = {
        "model": "codec", "damage": "damage", "recordings": "recordings", "images": "images",
        "whole": "called good", "wrong": "wrong", "texts": "texts", "wrong_texts": "wrong",
        "unknown": "unknown", "failures": "failures",
    }  # fmt: skip
    tables = [Table("Damaged recordings of three captioned photos", columns, rows)]
    return BenchResult("", rows=rows, tables=tables, checks=checks)


PARTS: dict[str, Callable[[Size], BenchResult]] = {
    "archive": archive,
    "messages": messages,
    "recordings": recordings,
}
