"""kill -9 of the transmitter at random instants under load: what its books and the receiver's say.

The transmitter is `gensc send --config FILE` as anyone starts it. It has more small images to send
than it gets done, so every instant is one in which something is under way: a commit, an image
being encoded, bursts in the air, answers coming in. After each kill the books are opened and held
against what the receiver has acknowledged; at the end the transmitter may finish.
"""

from __future__ import annotations

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

from gensc.bench.transmitter.answering import Answering
from gensc.bench.transmitter.receiving import Receiving
from gensc.system.errors import UserError
from gensc.transmitter.queue import Queue

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
    """

    kills: int = 50
    images: int = 1500
    side: int = 32
    longest_s: float = 1.5
    seed: int = 1


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
            _settings(folder)
            rows = []
            for number in range(plan.kills):
                rows.append(_kill(folder, answering, rng, plan) | {"kill": number + 1})
                step(f"kill {number + 1}")
            rows.append(_finish(folder, answering, plan))
    return rows


def _photos(folder: Path, plan: Plan) -> None:
    folder.mkdir()
    rng = np.random.default_rng(plan.seed)
    for number in range(plan.images):
        small = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        image = Image.fromarray(small).resize((plan.side, plan.side), Image.Resampling.BICUBIC)
        image.save(folder / f"{number:05d}.png")


def _settings(folder: Path) -> None:
    (folder / "transmitter.toml").write_text(
        f'queue = "{folder}/queue.db"\n'
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


def _kill(folder: Path, answering: Answering, rng: np.random.Generator, plan: Plan) -> Row:
    """Start, kill at a random instant, look at the books."""
    known = set(answering.first)
    started = time.monotonic()
    transmitter = _start(folder)
    before_the_first = rng.random() < 0.2
    instant = rng.uniform(0, plan.longest_s)
    first = None
    if before_the_first:
        time.sleep(instant)
    else:
        first = _first_burst(transmitter, answering, known, folder)
        time.sleep(instant)
    transmitter.send_signal(signal.SIGKILL)
    transmitter.wait()
    return {
        "instant_s": instant,
        "before_the_first_burst": before_the_first,
        "resumed_s": None if first is None else first - started,
        **_books(folder, answering),
    }


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
    log = (folder / "log").read_text(errors="replace").splitlines()[-1:]
    raise UserError(f"the transmitter has sent nothing: {''.join(log)}")


def _books(folder: Path, answering: Answering) -> Row:
    """Whether the books open, and whether they agree with what the receiver has said."""
    acknowledged = set(answering.stored.values())
    path = folder / "queue.db"
    if not path.exists():  # killed before it was made
        return {"opens": True, "sums_exact": True, "invented": 0, "images": 0, "stored": 0}
    with Queue(path) as queue:
        db = sqlite3.connect(path)
        opens = db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        db.close()
        sums, items = queue.sums(), queue.items()
    states = ("queued", "sent", "stored", "lost", "given up")
    contents = Counter(item.sha256 for item in items)
    return {
        "opens": opens,
        "sums_exact": sum(sums[state] for state in states) == sums["images"] == len(contents),
        "invented": sum(i.state == "stored" and i.sha256 not in acknowledged for i in items),
        "images": sums["images"],
        "stored": sums["stored"],
    }


def _finish(folder: Path, answering: Answering, plan: Plan) -> Row:
    """Let it finish, and count what is lost and what came twice."""
    transmitter = _start(folder)
    try:
        status = transmitter.wait(FINISH_S)
    finally:
        transmitter.kill()
        transmitter.wait()
    twice = Counter(answering.stored.values())
    there = _books(folder, answering)
    return {
        "kill": None,
        "status": status,
        "lost": plan.images - there["stored"],
        "doubled": sum(count - 1 for count in twice.values()),
        **there,
    }
