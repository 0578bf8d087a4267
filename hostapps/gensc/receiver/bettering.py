"""What is done with an image after it was stored: scored, shown, and put through the stages.

Nothing here is waited for by what receives: scores are worked out in a thread of their own, stages
are processes, and of too many images some are shown without a score or pass the stages as they are.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gensc.receiver.account import Account
from gensc.receiver.archive import Archive
from gensc.receiver.bus import Bus
from gensc.receiver.config import StageConfig
from gensc.receiver.intake import png_of
from gensc.receiver.make_stages import EDITED, make_stages
from gensc.receiver.reference import Match, References
from gensc.receiver.stage_work import Job
from gensc.receiver.stages import Made, StageState

if TYPE_CHECKING:
    from gensc.link.blocks import Seen

#: Images that wait to be scored; of more, a picture is shown without its PSNR.
_WAITING = 32
#: Seconds that an image to be edited waits for its caption.
_CAPTION_S = 0.5


class Bettering:
    """Scores, shows and betters what was stored.

    Args:
        config: the stages.
        references: originals that images are scored against; None scores none.
        archive, bus: where scores and better images go, and are told of.
        caption: what came with an image so far.
        unwritten: told a line of what could not be written.

    Attributes:
        stages: in order.
        paused: images pass by them.
        not_scored: images that were shown without a score because others waited.

    Raises:
        UserError: no such refiner.
    """

    def __init__(
        self,
        config: StageConfig,
        references: References | None,
        archive: Archive,
        bus: Bus,
        caption: Callable[[Account], str],
        unwritten: Callable[[str], None],
    ) -> None:
        self._references, self._archive, self._bus = references, archive, bus
        self._caption, self._unwritten = caption, unwritten
        self.stages = make_stages(config, self._made, self._changed)
        self.paused, self.not_scored = False, 0
        self._held: deque[tuple[float, Account, Job]] = deque()
        self._work: queue.Queue[Callable[[], None] | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, name="gensc-score", daemon=True)

    def start(self) -> None:
        """Start the thread that scores, and the stages."""
        self._thread.start()
        self.stages.start()

    def close(self, drain_s: float) -> None:
        """Score and better what waits, each stage for `drain_s` at most."""
        self.tick(float("inf"))
        if self._thread.is_alive():
            self._work.put(None)
            self._thread.join()
        self.stages.close(drain_s)

    def stored(self, account: Account, seen: Seen, event: dict[str, Any], path: Path) -> None:
        """An image is in the archive; never waits.

        Args:
            account: of it.
            seen: as it was decoded.
            event: what is told of it, but its score.
            path: where it is.
        """
        age_s = time.perf_counter() - account.times.get("last_sample", seen.time)
        job = Job(
            key=account.key,
            image=seen.data.reshape(event["shape"]),
            began_at=time.monotonic() - age_s,
            snr_db=seen.metadata.snr_db,
            keep=_kept(seen),
        )
        event["map"] = None if job.keep is None else job.keep.astype(int)
        if self._references is None:
            self._bus.publish("image", **event)
        else:
            try:
                self._work.put_nowait(lambda: self._show(job, event))
            except queue.Full:
                self.not_scored += 1
                self._bus.publish("image", **event)
        if self.paused:
            return
        if self.stages.by_name(EDITED).command is None:
            self.stages.submit(job)
        else:  # an editor wants the caption, which follows its picture
            self._held.append((time.monotonic() + _CAPTION_S, account, job))

    def tick(self, now: float) -> None:
        """Images that have waited for their captions go to the stages."""
        for _ in range(len(self._held)):
            due, account, job = self._held.popleft()
            caption = self._caption(account)
            if caption or now >= due:
                self.stages.submit(replace(job, caption=caption))
            else:
                self._held.append((due, account, job))

    # ------------------------------------------------------------------ scores

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            except Exception as error:  # the next image is scored all the same
                self._bus.publish("problem", line=f"score: {type(error).__name__}: {error}")

    def _show(self, job: Job, event: dict[str, Any]) -> None:
        """Score a coarse image, then tell of it."""
        match = self._match(job.image)
        if match is not None:
            event = {**event, "psnr": match.metrics.get("psnr"), "original": match.path}
            told = {"metrics": match.metrics, "reasons": match.reasons}
            try:
                self._archive.update(job.key, **told, extra={"reference": match.name})
            except (OSError, KeyError) as error:
                self._unwritten(f"{job.key}: its score is not noted: {error}")
        self._bus.publish("image", **event)

    def _match(self, image: np.ndarray) -> Match | None:
        return self._references.match(image) if self._references else None

    # ------------------------------------------------------------------ stages

    def _made(self, made: Made) -> None:
        """A stage has done with an image: kept beside the coarse one, and on to the next."""
        try:
            if made.image is not None:
                self._keep(made, made.image)
        except Exception as error:  # whatever it is, the image and the next ones go on
            self._unwritten(f"{made.job.key}: {made.stage}: {type(error).__name__}: {error}")
        self.stages.passed(made)

    def _keep(self, made: Made, image: np.ndarray) -> None:
        match = self._match(image)
        facts: dict[str, Any] = {"ms": made.ms, "weights": made.by}
        facts |= {"metrics": match.metrics} if match else {}
        path = self._archive.replace(made.job.key, made.stage, png_of(image), facts)
        self._bus.publish(
            "refined", key=made.job.key, file=str(path), stage=made.stage, ms=made.ms,
            psnr=match.metrics.get("psnr") if match else None,
        )  # fmt: skip

    def _changed(self, state: StageState) -> None:
        self._bus.publish("stage", **vars(state))


def _kept(seen: Seen) -> np.ndarray | None:
    from gnuradio.gensc.metadata import kept_blocks

    return kept_blocks(seen.metadata) if seen.metadata.keep is not None else None
