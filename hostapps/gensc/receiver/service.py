"""The receiver as a service: sources, ledger, archive, stages and reports put together.

Coarse images are stored by the threads of the flowgraphs themselves and acknowledged then; what
betters, scores and shows them comes after, and never holds one up.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gensc.receiver.account import DAMAGED, STORED, Account
from gensc.receiver.archive import Archive
from gensc.receiver.bus import Bus
from gensc.receiver.chain import Chain
from gensc.receiver.config import ReceiverConfig
from gensc.receiver.intake import Intake, png_of
from gensc.receiver.ledger import Ledger
from gensc.receiver.make_stages import EDITED, REFINED, make_stages, refine_command
from gensc.receiver.records import choice_of
from gensc.receiver.reference import Match, References
from gensc.receiver.source import ENDED, Source
from gensc.receiver.stage_work import Job
from gensc.receiver.stages import Made, StageState
from gensc.receiver.talk import Talk
from gensc.system import codecs

if TYPE_CHECKING:
    from gensc.link.blocks import Seen
    from gensc.remote.reports import Sent

_TICK_S, _COUNTERS_S, _SPECTRUM_S = 0.05, 1.0, 0.5
#: Images that wait to be scored; of more, a picture is shown without its PSNR.
_AFTER = 32
#: Seconds that the end waits for what is under way in a flowgraph, and in the stages.
END_S, DRAIN_S = 60.0, 30.0
#: Seconds that an image to be edited waits for its caption.
_CAPTION_S = 0.5


class Controls:
    """What a person may change while the service runs."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def pause(self, paused: bool) -> None:
        """Stop bettering images, or go on; coarse images keep being stored."""
        self._service.paused = bool(paused)

    def set_refiner(self, name: str) -> None:
        """Refine with these weights from the next image on; "none" does not refine.

        Raises:
            UserError: no such weights.
        """
        codecs.load_refiner(name)
        self._service.stages.by_name(REFINED).set_command(refine_command(name))

    def set_target_latency_ms(self, milliseconds: float) -> None:
        """How old an image may become before a stage leaves it out; 0 sets no limit."""
        for stage in self._service.stages.stages:
            stage.target_latency_ms = max(0.0, float(milliseconds))


class Service:
    """The receiver.

    Args:
        config: all about it.
        bus: that events go to.

    Attributes:
        archive: what was received.
        ledger: the accounts of every image.
        sources, stages: by the configuration.
        controls: what may be changed.
        paused: stages are passed by.

    Raises:
        UserError: a source, a model, a folder or an address that cannot be had.
    """

    def __init__(self, config: ReceiverConfig, bus: Bus | None = None) -> None:
        self.config, self.bus = config, bus or Bus()
        for model in config.models:
            codecs.check_place(model)
        self._references = References(config.reference, self._problem) if config.reference else None
        self.stages = make_stages(config.stages, self._made, self._stage_changed)
        self.controls, self.paused = Controls(self), False
        self._held: deque[tuple[float, Account, Job]] = deque()
        deadlines = config.deadlines
        self.ledger = Ledger(deadlines.image_s, deadlines.announced_s)
        self._began = time.time()
        self._after: queue.Queue[Callable[[], None] | None] = queue.Queue(_AFTER)
        self._closing, self._closed = threading.Event(), False
        self.archive = Archive(config.archive)
        self.sources: list[Source] = []
        self.talk: Talk | None = None
        try:
            self.talk = Talk(config.reports, self.ledger, self._stored_of, self._announced)
            self.intake = Intake(
                self.archive, self.ledger, self.talk, self.bus, config.models, self._stored,
                several=len(config.sources) > 1,
            )  # fmt: skip
            for source in config.sources:
                self.sources.append(self._source(source))
        except BaseException:
            for opened in self.sources:
                opened.chain.stop()
            if self.talk is not None:
                self.talk.close()
            self.archive.close()
            raise
        self._threads = [
            threading.Thread(target=self._tick_all, name="gensc-tick", daemon=True),
            threading.Thread(target=self._work_after, name="gensc-after", daemon=True),
        ]

    def _source(self, config: Any) -> Source:
        made: list[Source] = []

        def chain() -> Chain:
            return made[0].chain

        taps = self.intake.taps(config.name, chain)
        made.append(Source(config, self.config, taps, self._problem))
        return made[0]

    @property
    def folder(self) -> Path:
        """Where images are."""
        return self.archive.folder

    def start(self) -> None:
        """Start receiving."""
        assert self.talk is not None
        self.talk.start()
        self.stages.start()
        for thread in self._threads:
            thread.start()
        for source in self.sources:
            source.start()

    @property
    def ended(self) -> bool:
        """All sources have come to an end by themselves."""
        return all(source.state() == ENDED for source in self.sources)

    def close(self, drain_s: float = DRAIN_S) -> None:
        """End all sources, store what they still give, settle every account. Once is enough.

        Args:
            drain_s: that a stage is given to finish what waits.
        """
        if self._closed:
            return
        self._closed = True
        for source in self.sources:
            source.close()
        for source in self.sources:
            source.wait(END_S)
        self._closing.set()
        if self._threads[0].is_alive():
            self._threads[0].join()
        for account in self.ledger.close():
            self.intake.lost(account)
        self._let_go(float("inf"))
        if self._threads[1].is_alive():
            self._after.put(None)
            self._threads[1].join()
        self.stages.close(drain_s)
        self.bus.publish("counters", **self.counters())
        assert self.talk is not None
        self.talk.close()
        self.archive.close()
        self.bus.close()

    # ------------------------------------------------------------------ what is said of it

    def counters(self) -> dict[str, Any]:
        """All sums."""
        assert self.talk is not None
        stages = self.stages.states()
        return {
            **self.ledger.sums(),
            **{name: int(n) for name, n in sorted(self.intake.counted.items())},
            **self.talk.counters(),
            "bettered": {stage["name"]: stage["done"] for stage in stages},
            "sources": {source.name: source.counters() for source in self.sources},
        }

    def state(self) -> dict[str, Any]:
        """How it is, as JSON can hold it."""
        choice = self.bus.last("choice")
        sessions = self.talk.server.sessions() if self.talk and self.talk.server else []
        return {
            "uptime_s": time.time() - self._began,
            "paused": self.paused,
            "target_latency_ms": self.stages.stages[0].target_latency_ms,
            "refiner": self.stages.by_name(REFINED).says,
            "sources": [
                {"name": s.name, "place": str(s.place), "state": s.state(), "restarts": s.restarts}
                for s in self.sources
            ],
            "stages": self.stages.states(),
            "counters": self.counters(),
            "users": [
                {"session": session, "name": self.talk.peer(session) if self.talk else ""}
                for session in sessions
            ],
            "choice": choice[-1].fields if choice else None,
            "reports": self.talk.address if self.talk else "",
        }

    def _problem(self, line: str) -> None:
        self.bus.publish("problem", line=line)

    def _stage_changed(self, state: StageState) -> None:
        self.bus.publish("stage", **vars(state))

    def _announced(self, sent: Sent, account: Account) -> None:
        """Shown; and noted of an image that was faster than its announcement."""
        if account.fate in (STORED, DAMAGED):
            try:
                self.archive.update(
                    account.key, choice=choice_of(account), reason=sent.reason, name=sent.name,
                    original_sha256=sent.sha256,
                )  # fmt: skip
            except (OSError, KeyError) as error:
                self.intake.unwritten(f"{account.key}: what was sent is not noted: {error}")
        self.bus.publish(
            "choice", key=f"{sent.session:04x}-{sent.image_id:05d}", scheme=sent.scheme,
            point=sent.point, alpha=sent.alpha, cbr=sent.cbr, mcs=sent.mcs, gvif=sent.gvif,
            reason=sent.reason,
        )  # fmt: skip

    def _stored_of(self, session: int, ids: Sequence[int]) -> list[int]:
        """The images of a session that the archive has, whenever they were stored."""
        wanted = set(ids)
        found = self.archive.find(session=session)
        return sorted({r.image_id for r in found if r.fate != "lost" and r.image_id in wanted})

    # ------------------------------------------------------------------ after an image is stored

    def _stored(self, account: Account, seen: Seen, event: dict[str, Any], path: Path) -> None:
        """Score, show and better it, in another thread; without a score where that is behind."""
        began = account.times.get("last_sample", seen.time)
        age_s = time.perf_counter() - began
        job = Job(
            key=account.key,
            image=seen.data.reshape(event["shape"]),
            began_at=time.monotonic() - age_s,
            snr_db=seen.metadata.snr_db,
            keep=_kept(seen),
        )

        def scored() -> None:
            self.bus.publish("image", **event, **self._score(job.key, job.image))

        if self._references is None:
            self.bus.publish("image", **event)
        else:
            event.pop("psnr")
            try:
                self._after.put_nowait(scored)
            except queue.Full:
                self.intake.counted["not_scored"] += 1
                self.bus.publish("image", **event, psnr=None)
        if self.paused:
            return
        if self.stages.by_name(EDITED).command is None:
            self.stages.submit(job)
        else:  # an editor wants the caption, which follows its picture
            self._held.append((time.monotonic() + _CAPTION_S, account, job))

    def _score(self, key: str, image: np.ndarray) -> dict[str, Any]:
        """Metrics of a coarse image against its original, into the archive as well."""
        match = self._match(image)
        if match is None:
            return {"psnr": None}
        try:
            self.archive.update(
                key, metrics=match.metrics, reasons=match.reasons, extra={"reference": match.name}
            )
        except (OSError, KeyError) as error:
            self.intake.unwritten(f"{key}: its score is not noted: {error}")
        return {"psnr": match.metrics.get("psnr"), "original": match.path}

    def _match(self, image: np.ndarray) -> Match | None:
        return self._references.match(image) if self._references else None

    def _made(self, made: Made) -> None:
        """A stage has done with an image: kept beside the coarse one, and on to the next."""
        try:
            self._keep_made(made)
        except Exception as error:  # whatever it is, the image and the next ones go on
            self.intake.unwritten(f"{made.job.key}: {made.stage}: {type(error).__name__}: {error}")
        self.stages.passed(made)

    def _keep_made(self, made: Made) -> None:
        if made.image is not None:
            match = self._match(made.image)
            facts: dict[str, Any] = {"ms": made.ms, "weights": made.by}
            facts |= {"metrics": match.metrics} if match else {}
            png = png_of(made.image)
            path = self.archive.replace(made.job.key, made.stage, png, facts)
            self.bus.publish(
                "refined", key=made.job.key, file=str(path), stage=made.stage, ms=made.ms,
                psnr=match.metrics.get("psnr") if match else None,
            )  # fmt: skip

    def _work_after(self) -> None:
        while (work := self._after.get()) is not None:
            try:
                work()
            except Exception as error:  # the next image is scored all the same
                self._problem(f"score: {type(error).__name__}: {error}")

    # ------------------------------------------------------------------ time

    def _tick_all(self) -> None:
        due = dict.fromkeys(("counters", "spectrum", "quiet"), 0.0)
        while not self._closing.wait(_TICK_S):
            try:
                self._tick(time.monotonic(), due)
            except Exception as error:  # whatever it is, the clock goes on
                self._problem(f"{type(error).__name__}: {error}")

    def _tick(self, now: float, due: dict[str, float]) -> None:
        assert self.talk is not None
        self.talk.tick()
        for source in self.sources:
            source.tick()
        self._let_go(now)
        busy = {source.name: source.busy for source in self.sources}
        for account in self.ledger.tick(lambda name: name in busy and busy[name]()):
            self.intake.lost(account)
        if now >= due["counters"]:
            due["counters"] = now + _COUNTERS_S
            self.bus.publish("counters", **self.counters())
        if now >= due["spectrum"]:
            due["spectrum"] = now + _SPECTRUM_S
            for source in self.sources:
                self._spectrum(source)
                if source.chain.idle_s() > 2 * self.config.deadlines.quiet_s:
                    source.chain.flush()

    def _let_go(self, now: float) -> None:
        """Images that have waited for their captions go to the stages."""
        for _ in range(len(self._held)):
            due, account, job = self._held.popleft()
            caption = self.intake.caption(account)
            if caption or now >= due:
                self.stages.submit(replace(job, caption=caption))
            else:
                self._held.append((due, account, job))

    def _spectrum(self, source: Source) -> None:
        probe = source.chain.probe
        db = probe.spectrum_db() if probe is not None else None
        if db is not None:
            rate = source.chain.config.sample_rate
            self.bus.publish("spectrum", source=source.name, db=db.round(1), rate=rate)


def _kept(seen: Seen) -> np.ndarray | None:
    from gnuradio.gensc.metadata import kept_blocks

    return kept_blocks(seen.metadata) if seen.metadata.keep is not None else None
