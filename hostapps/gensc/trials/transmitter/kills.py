"""kill -9 of the transmitter at random instants under load: what its books and the receiver's say.

The transmitter is `gensc send --config FILE` as anyone starts it. It has more small images to send
than it gets done, so every instant is one in which something is under way: a commit, an image
being encoded, bursts in the air, answers coming in. After each kill the books are held against
what the receiver has acknowledged; at the end the transmitter may finish. With a process that
stands by the one that works is killed, else the whole program is and is started again.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gensc.system.errors import UserError
from gensc.transmitter.queue_file import STATES
from gensc.trials.transmitter.answering import Answering
from gensc.trials.transmitter.receiving import Receiving

#: Seconds that a transmitter may take to begin, and to finish at the end.
BEGIN_S, FINISH_S = 120.0, 600.0
_POLL_S = 0.002
Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """How often, and how much.

    Attributes:
        kills: how often.
        images: that there are to send, each different.
        side: pixels of each.
        longest_s: an instant is drawn from 0 … so long after the first burst of a start; one in
            five lies before that burst.
        seed: of the instants.
        stand_by: there is a process that stands by.
    """

    kills: int = 50
    images: int = 2500
    side: int = 32
    longest_s: float = 1.5
    seed: int = 1
    stand_by: bool = True


def run(plan: Plan, step: Callable[[str], None] = lambda note: None) -> list[Row]:
    """A row for every kill, and a last one for the end.

    Raises:
        UserError: a transmitter that does not begin, or ends by itself.
    """
    rng = np.random.default_rng(plan.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _photos(folder / "photos", plan)
        answering = Answering(f"ipc://{folder}/reports", patience_s=1.0, deadline_s=10.0)
        with Receiving(f"ipc://{folder}/air", answering):
            _settings(folder, plan)
            rows = []
            transmitter, begun = _start(folder), time.monotonic()
            try:
                for number in range(plan.kills):
                    row, killed = _kill(transmitter, begun, folder, answering, rng, plan)
                    if not plan.stand_by:
                        transmitter.wait()
                        transmitter, killed = _start(folder), time.monotonic()
                    begun = killed
                    # What comes before the first burst of a start is loading, once.
                    row["resumed_s"] = row["resumed_s"] if number or not plan.stand_by else None
                    rows.append(row | {"kill": number + 1})
                    step(f"kill {number + 1}")
                rows.append(_finish(transmitter, folder, answering, plan))
            finally:
                transmitter.kill()
                transmitter.wait()
    return rows


def _photos(folder: Path, plan: Plan) -> None:
    folder.mkdir()
    rng = np.random.default_rng(plan.seed)
    for number in range(plan.images):
        small = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        image = Image.fromarray(small).resize((plan.side, plan.side), Image.Resampling.BICUBIC)
        image.save(folder / f"{number:05d}.png")


def _settings(folder: Path, plan: Plan) -> None:
    (folder / "transmitter.toml").write_text(
        f'queue = "{folder}/queue.db"\nstand_by = {str(plan.stand_by).lower()}\n'
        f'[source]\nimages = ["{folder}/photos"]\n'
        f'[air]\nto = "ipc://{folder}/air"\nbind = false\n'
        '[codec]\nscheme = "analog"\nanalog = "softcast"\n'
        f'[reports]\naddress = "ipc://{folder}/reports"\nanswer_s = 20\n'
    )


def _start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gensc.cli.main", "send", "--config"]
    log = (folder / "log").open("ab")
    with log:
        return subprocess.Popen(
            [*command, str(folder / "transmitter.toml")], stdout=log, stderr=log
        )


def _kill(
    transmitter: subprocess.Popen[bytes],
    begun: float,
    folder: Path,
    answering: Answering,
    rng: np.random.Generator,
    plan: Plan,
) -> tuple[Row, float]:
    """Kill at a random instant, look at the books; and when that was."""
    known = set(answering.first)
    before_the_first = rng.random() < 0.2
    instant = rng.uniform(0, plan.longest_s / 3 if before_the_first else plan.longest_s)
    first = None if before_the_first else _first_burst(transmitter, answering, known, folder)
    time.sleep(instant)
    os.kill(_working(transmitter, folder) if plan.stand_by else transmitter.pid, signal.SIGKILL)
    killed = time.monotonic()
    about = {
        "instant_s": instant,
        "before_the_first_burst": before_the_first,
        "resumed_s": None if first is None else first - begun,
    }
    return about | _books(folder, answering), killed


def _working(transmitter: subprocess.Popen[bytes], folder: Path) -> int:
    """The process that works, in front of the one that stands by."""
    children = Path(f"/proc/{transmitter.pid}/task/{transmitter.pid}/children")
    until = time.monotonic() + BEGIN_S
    while time.monotonic() < until and transmitter.poll() is None:
        found = children.read_text().split()
        if found:
            return int(found[0])
        time.sleep(_POLL_S)
    raise UserError(f"the transmitter does not work: {_last_line(folder)}")


def _first_burst(
    transmitter: subprocess.Popen[bytes], answering: Answering, known: set[int], folder: Path
) -> float:
    """When the first burst of the new session arrived."""
    until = time.monotonic() + BEGIN_S
    while time.monotonic() < until and transmitter.poll() is None:
        new = set(answering.first) - known
        if new:
            return answering.first[new.pop()]
        time.sleep(_POLL_S)
    raise UserError(f"the transmitter has sent nothing: {_last_line(folder)}")


def _last_line(folder: Path) -> str:
    return "".join((folder / "log").read_text(errors="replace").splitlines()[-1:])


def _books(folder: Path, answering: Answering) -> Row:
    """Whether the books open, and whether they agree with what the receiver has said."""
    path = folder / "queue.db"
    if not path.exists():  # killed before it was made
        return {"opens": True, "sums_exact": True, "invented": 0, "images": 0, "stored": 0}
    # Another transmitter has them open by now.
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30.0)
    try:
        opens = db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        items = db.execute("SELECT sha256, state FROM items").fetchall()
    except sqlite3.DatabaseError:
        return {"opens": False, "sums_exact": False, "invented": 0, "images": 0, "stored": 0}
    finally:
        db.close()
    acknowledged = set(answering.stored.values())
    return {
        "opens": opens,
        "sums_exact": len({sha256 for sha256, _ in items}) == len(items)
        and all(state in STATES for _, state in items),
        "invented": sum(state == "stored" and sha not in acknowledged for sha, state in items),
        "images": len(items),
        "stored": sum(state == "stored" for _, state in items),
    }


def _finish(
    transmitter: subprocess.Popen[bytes], folder: Path, answering: Answering, plan: Plan
) -> Row:
    """Let it finish, and count what is lost and what came twice."""
    status = transmitter.wait(FINISH_S)
    twice = Counter(answering.stored.values())
    there = _books(folder, answering)
    return {
        "kill": None,
        "status": status,
        "lost": plan.images - there["stored"],
        "doubled": sum(count - 1 for count in twice.values()),
        **there,
    }
