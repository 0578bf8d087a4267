"""The receiver as a service: sources, ledger, archive, stages and reports put together.

Coarse images are stored by the threads of the flowgraphs themselves and acknowledged then; what
betters, scores and shows them comes after, and never holds one up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gensc.receiver.account import DAMAGED, STORED, Account
from gensc.receiver.archive import Archive
from gensc.receiver.bettering import Bettering
from gensc.receiver.bus import Bus
from gensc.receiver.chain import Chain
from gensc.receiver.config import ReceiverConfig
from gensc.receiver.intake import Intake
from gensc.receiver.ledger import Ledger
from gensc.receiver.make_stages import REFINED, refine_command
from gensc.receiver.records import choice_of
from gensc.receiver.reference import References
from gensc.receiver.source import ENDED, Source
from gensc.receiver.stages import Stages
from gensc.receiver.talk import Talk
from gensc.system import codecs

if TYPE_CHECKING:
    from gensc.remote.reports import Sent

_TICK_S, _COUNTERS_S, _SPECTRUM_S = 0.05, 1.0, 0.5
#: Seconds that the end waits for what is under way in a flowgraph, and in the stages.
END_S, DRAIN_S = 60.0, 30.0


class Controls:
    """What a person may change while the service runs."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def pause(self, paused: bool) -> None:
        """Stop bettering images, or go on; coarse images keep being stored."""
        self._service.bettering.paused = bool(paused)

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
        sources, bettering: by the configuration.
        controls: what may be changed.

    Raises:
        UserError: a source, a model, a folder or an address that cannot be had.
    """

    def __init__(self, config: ReceiverConfig, bus: Bus | None = None) -> None:
        self.config, self.bus = config, bus or Bus()
        for model in config.models:
            codecs.check_place(model)
        references = References(config.reference, self._problem) if config.reference else None
        self.controls = Controls(self)
        deadlines = config.deadlines
        self.ledger = Ledger(deadlines.image_s, deadlines.announced_s)
        self._began = time.time()
        self._closing, self._started, self._closed = threading.Event(), False, False
        self.archive = Archive(config.archive)
        self.sources: list[Source] = []
        self.talk: Talk | None = None
        try:
            self.bettering = Bettering(
                config.stages, references, self.archive, self.bus,
                lambda account: self.intake.caption(account),
                lambda line: self.intake.unwritten(line),
            )  # fmt: skip
            self.talk = Talk(config.reports, self.ledger, self._stored_of, self._announced)
            self.intake = Intake(
                self.archive, self.ledger, self.talk, self.bus, config.models,
                self.bettering.stored,
                several=len(config.sources) > 1,
            )  # fmt: skip
            for source in config.sources:
                self.sources.append(self._source(source))
        except BaseException:
            self._abandon()
            raise
        self._clock = threading.Thread(target=self._tick_all, name="gensc-tick", daemon=True)

    def _source(self, config: Any) -> Source:
        made: list[Source] = []

        def chain() -> Chain:
            return made[0].chain

        taps = self.intake.taps(config.name, chain)
        made.append(Source(config, self.config, taps, self._problem))
        return made[0]

    @property
    def stages(self) -> Stages:
        """What betters images."""
        return self.bettering.stages

    @property
    def folder(self) -> Path:
        """Where images are."""
        return self.archive.folder

    def start(self) -> None:
        """Start receiving."""
        assert self.talk is not None
        self._started = True
        self.talk.start()
        self.bettering.start()
        self._clock.start()
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
        if not self._started:
            self._abandon()
            return
        for source in self.sources:
            source.close()
        for source in self.sources:
            source.wait(END_S)
        self._closing.set()
        if self._clock.is_alive():
            self._clock.join()
        for account in self.ledger.close():
            self.intake.lost(account)
        self.bettering.close(drain_s)
        self.bus.publish("counters", **self.counters())
        assert self.talk is not None
        self.talk.close()
        self.archive.close()
        self.bus.close()

    def _abandon(self) -> None:
        """Close what is open of a service that has not started."""
        for source in self.sources:
            source.chain.stop()
        if self.talk is not None:
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
            "not_scored": self.bettering.not_scored,
            "bettered": {stage["name"]: stage["done"] for stage in stages},
            "sources": {source.name: source.counters() for source in self.sources},
        }

    def state(self) -> dict[str, Any]:
        """How it is, as JSON can hold it."""
        choice = self.bus.last("choice")
        sessions = self.talk.server.sessions() if self.talk and self.talk.server else []
        return {
            "uptime_s": time.time() - self._began,
            "paused": self.bettering.paused,
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
        self.bettering.tick(now)
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

    def _spectrum(self, source: Source) -> None:
        probe = source.chain.probe
        db = probe.spectrum_db() if probe is not None else None
        if db is not None:
            rate = source.chain.config.sample_rate
            self.bus.publish("spectrum", source=source.name, db=db.round(1), rate=rate)
