"""`gensc bench soak`: hours of images through three processes, each of them accounted for.

::

    gensc send --config ──samples──▶ channel (fading, its SNR walks) ──samples──▶ gensc receive
           ▲                                                                            │
           └──────────────── reports: SNR, what is stored, what is lost ────────────────┘

Photos are put into a watched folder at an even pace. At the end the books of the transmitter, the
sums of the receiver and its archive are held against each other, and against what was put there.
"""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gensc.data.images import load_image
from gensc.data.named import find
from gensc.experiment.base import BenchResult, Check, Table
from gensc.experiment.figures import Figure, draw_all
from gensc.experiment.rows import Row
from gensc.receiver.archive import Archive
from gensc.receiver.config import DeadlineConfig, ReceiverConfig, ReportConfig, SourceConfig
from gensc.system.errors import UserError
from gensc.system.toml_file import commented
from gensc.transmitter.config import (
    AirSettings,
    CodecSettings,
    ReportSettings,
    SourceSettings,
    TransmitterConfig,
)
from gensc.trials.soak.channel import Options
from gensc.trials.soak.watch import Watch

TRANSMITTER, CHANNEL, RECEIVER = "transmitter", "channel", "receiver"
#: Seconds for the programs to start, for the last images to be settled, and to end.
START_S, LAST_S, END_S = 60.0, 90.0, 60.0
_SIDE = 256
# Of a piece that no photo had before; then one is sent that the queue knows.
_DRAWS = 100


@dataclass(frozen=True)
class Soak:
    """A run.

    Attributes:
        minutes: that images are put there for.
        images: how many.
        channel: by name, see `gensc.link.channels`.
        lowest_db, highest_db, walk_s: Es/N0 walks between the two.
        scheme: as of `gensc send --config`: auto, analog or bank.
        seed: of photos, channel and noise.
    """

    minutes: float = 30.0
    images: int = 2000
    channel: str = "fading"
    lowest_db: float = 3.0
    highest_db: float = 18.0
    walk_s: float = 60.0
    scheme: str = "auto"
    seed: int = 1


def run(quick: bool, soak: Soak, photos: Sequence[str] | None = None) -> BenchResult:
    """Run it; see the checks it returns.

    Raises:
        UserError: a program did not start; its last line is told.
    """
    if quick:
        soak = replace(soak, minutes=min(soak.minutes, 0.4), images=min(soak.images, 12))
    with tempfile.TemporaryDirectory(prefix="gensc-soak-") as folder:
        return _run(soak, Path(folder), photos or ["skimage:"])


def _run(soak: Soak, folder: Path, photos: Sequence[str]) -> BenchResult:
    configs = _configure(soak, folder)
    programs: dict[str, subprocess.Popen[str]] = {}
    try:
        for name, words in (
            (RECEIVER, ["-m", "gensc.cli.main", "receive", "--config", configs[RECEIVER]]),
            (CHANNEL, ["-m", "gensc.trials.soak.channel", configs[CHANNEL]]),
            (TRANSMITTER, ["-m", "gensc.cli.main", "send", "--config", configs[TRANSMITTER]]),
        ):
            more = [] if name == CHANNEL else ["--json"]
            programs[name] = _start(folder / name, [*words, *more])
        _wait_for(lambda: (folder / "archive" / "index.sqlite").exists(), programs, folder)
        watch = Watch({n: p.pid for n, p in programs.items()}, max(0.5, soak.minutes / 5))
        watch.start()
        began = time.monotonic()
        _feed(soak, folder / "photos", photos, programs, folder)
        _wait_until_settled(soak, folder, programs)
        seconds = time.monotonic() - began
        watch.stop()
        told = {
            name: _end(programs[name], folder / name) for name in (TRANSMITTER, CHANNEL, RECEIVER)
        }
    finally:
        for program in programs.values():
            if program.poll() is None:
                program.kill()
                program.wait()
    return _result(soak, folder, told[TRANSMITTER], told[RECEIVER], watch.rows, seconds)


def _configure(soak: Soak, folder: Path) -> dict[str, str]:
    """The files of the two services, and the options of the channel."""
    sent, heard, reports = (f"tcp://127.0.0.1:{port}" for port in _free_ports(3))
    (folder / "photos").mkdir()
    transmitter = TransmitterConfig(
        queue=str(folder / "queue.db"),
        source=SourceSettings(watch=str(folder / "photos"), settle_s=0.05),
        air=AirSettings(to=sent),
        codec=CodecSettings(scheme=soak.scheme),
        reports=ReportSettings(address=reports, name="soak"),
    )
    receiver = ReceiverConfig(
        archive=str(folder / "archive"),
        reports=ReportConfig(address=reports),
        deadlines=DeadlineConfig(image_s=5.0, announced_s=15.0),
        sources=(SourceConfig("air", f"zmq:{heard}"),),
    )
    for name, config in ((TRANSMITTER, transmitter), (RECEIVER, receiver)):
        (folder / f"{name}.toml").write_text(commented(config), encoding="utf-8")
    channel = Options(
        sent, heard, soak.channel, soak.lowest_db, soak.highest_db, soak.walk_s,
        str(folder / "snr.jsonl"), seed=soak.seed,
    )  # fmt: skip
    return {
        TRANSMITTER: str(folder / f"{TRANSMITTER}.toml"),
        RECEIVER: str(folder / f"{RECEIVER}.toml"),
        CHANNEL: json.dumps(asdict(channel), allow_nan=False),
    }


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _start(log: Path, words: list[str]) -> subprocess.Popen[str]:
    out, err = log.with_suffix(".out"), log.with_suffix(".err")
    with out.open("w") as stdout, err.open("w") as stderr:
        return subprocess.Popen(
            [sys.executable, *words], stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
            text=True, start_new_session=True,
        )  # fmt: skip


def _end(program: subprocess.Popen[str], log: Path) -> dict[str, Any]:
    """End a program as a person would; the JSON object that it says last."""
    program.send_signal(signal.SIGTERM)
    try:
        program.wait(END_S)
    except subprocess.TimeoutExpired:
        raise UserError(f"{log.name} does not end: {_last_line(log)}") from None
    lines = log.with_suffix(".out").read_text(encoding="utf-8").splitlines()
    return {"status": program.returncode, **(json.loads(lines[-1]) if lines else {})}


def _last_line(log: Path) -> str:
    lines = log.with_suffix(".err").read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[-1] if lines else "it has said nothing"


def _look(programs: dict[str, subprocess.Popen[str]], folder: Path) -> None:
    for name, program in programs.items():
        if program.poll() is not None:
            raise UserError(f"{name} ended: {_last_line(folder / name)}")


def _wait_for(ready: Any, programs: dict[str, subprocess.Popen[str]], folder: Path) -> None:
    deadline = time.monotonic() + START_S
    while not ready():
        _look(programs, folder)
        if time.monotonic() > deadline:
            raise UserError(f"the receiver does not start: {_last_line(folder / RECEIVER)}")
        time.sleep(0.1)


def _feed(
    soak: Soak,
    to: Path,
    photos: Sequence[str],
    programs: dict[str, subprocess.Popen[str]],
    folder: Path,
) -> None:
    """Put pieces of photos into the watched folder, at an even pace."""
    rng = np.random.default_rng(soak.seed)
    sources = [photo for photo in find(photos) if _is_large(photo.path)]
    if not sources:
        raise UserError(f"no photo of {_SIDE}x{_SIDE} or more")
    began, interval_s = time.monotonic(), 60 * soak.minutes / soak.images
    seen: set[int] = set()
    for number in range(soak.images):
        photo = load_image(sources[number % len(sources)].path)
        # The transmitter's queue takes what is the same, as two dark corners are, only once.
        for _ in range(_DRAWS):
            piece = _piece(photo, rng)
            if (content := hash(piece.tobytes())) not in seen:
                break
        seen.add(content)
        hidden = to / f".{number:05d}.part"
        piece.save(hidden, "JPEG", quality=90)
        os.replace(hidden, to / f"{number:05d}.jpg")
        while time.monotonic() < began + (number + 1) * interval_s:
            time.sleep(0.05)
        _look(programs, folder)


def _piece(photo: NDArray[np.uint8], rng: np.random.Generator) -> Image.Image:
    """A square of a photo, anywhere."""
    top, left = (int(rng.integers(size - _SIDE + 1)) for size in photo.shape[:2])
    return Image.fromarray(photo[top : top + _SIDE, left : left + _SIDE])


def _is_large(path: str) -> bool:
    return min(load_image(path).shape[:2]) >= _SIDE


def _wait_until_settled(
    soak: Soak, folder: Path, programs: dict[str, subprocess.Popen[str]]
) -> None:
    """Wait until every photo is stored, or nothing has changed for long."""
    before, since = -1, time.monotonic()
    with Archive(folder / "archive", read_only=True) as archive:
        while time.monotonic() - since < LAST_S:
            _look(programs, folder)
            kept = archive.find()
            if len({r.original_sha256 for r in kept if r.fate != "lost"}) >= soak.images:
                return
            if len(kept) != before:
                before, since = len(kept), time.monotonic()
            time.sleep(1.0)


def _result(
    soak: Soak,
    folder: Path,
    sent: dict[str, Any],
    heard: dict[str, Any],
    memory: list[Row],
    seconds: float,
) -> BenchResult:
    with Archive(folder / "archive", read_only=True) as archive:
        findings, sums = archive.verify(), archive.sums()
        records = archive.find()
    fates = {name: heard.get(name, 0) for name in ("stored", "damaged", "lost")}
    delivered = {r.original_sha256 for r in records if r.fate != "lost"}
    unexplained = abs(heard.get("images", 0) - sum(fates.values())) + heard.get("open", 0)
    wrong_archive = sum(abs(sums.fates.get(n, 0) - count) for n, count in fates.items())
    unknown = abs(sent.get("attempts", 0) - heard.get("images", 0))
    without_cause = sum(r.fate != "stored" and not r.cause for r in records)
    cost = [_cost(name, memory, seconds) for name in (TRANSMITTER, CHANNEL, RECEIVER)]
    growth = next(row["growth_mib_per_hour"] for row in cost if row["process"] == RECEIVER)
    line = "issue 12: three processes, every image accounted for"
    checks = [
        Check("photos put there and not in the transmitter's books",
              float(soak.images - sent.get("images", 0)), "", "<=", 0, line),
        Check("images that the receiver has no fate of", float(unexplained), "", "<=", 0, line),
        Check("images by fate, archive against receiver", float(wrong_archive), "", "<=", 0, line),
        Check("transmissions that the receiver does not know", float(unknown), "", "<=", 0, line),
        Check("images damaged or lost without a cause", float(without_cause), "", "<=", 0, line),
        Check("findings of archive verify", float(len(findings)), "", "<=", 0, line),
        Check("photos delivered", len(delivered) / soak.images, "", ">=", 0.99, line),
        Check("growth of the receiver's memory", growth, "MiB/h", "<=", 20.0, line),
        Check("images", float(sum(fates.values())), "", ">=", float(soak.images), line),
    ]  # fmt: skip
    causes = [{"cause": cause, "images": n} for cause, n in heard.get("causes", {}).items()]
    totals = {
        "photos": soak.images, "transmissions": sent.get("attempts", 0), **fates,
        "delivered": len(delivered), "seconds": seconds,
    }  # fmt: skip
    rows = [{"part": "sums", **totals}, *({"part": "cost", **row} for row in cost)]
    rows += [{"part": "cause", **row} for row in causes]
    figure = Figure("memory", x="minutes", y="mib", hue="process")
    return BenchResult(
        "soak",
        rows=rows,
        checks=checks,
        tables=[
            Table("Images", {name: name for name in totals}, [totals], 0),
            Table("Causes", {"cause": "cause", "images": "images"}, causes, 0),
            Table("Processes", {"process": "process", "cores": "cores", "mib": "MiB",
                                "growth_mib_per_hour": "MiB/h"}, cost),
        ],
        figures=draw_all([figure], memory),
        settings=asdict(soak) | {"transmitter": sent, "receiver": heard},
        lines=memory,
    )  # fmt: skip


def _cost(name: str, rows: list[Row], seconds: float) -> Row:
    """Cores and memory of a process; how its memory grows once it has started (the last half)."""
    own = [row for row in rows if row["process"] == name]
    late = own[len(own) // 2 :]
    growth = math.nan
    if len(late) >= 3:
        slope, _ = np.polyfit([r["minutes"] for r in late], [r["mib"] for r in late], 1)
        growth = 60 * float(slope)
    return {
        "process": name,
        "cores": own[-1]["cpu_s"] / seconds if own else math.nan,
        "mib": max((r["mib"] for r in own), default=math.nan),
        "growth_mib_per_hour": growth,
    }
