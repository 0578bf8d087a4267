"""What the receiver and its transmitters tell each other, beside the radio."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

from gensc.receiver.account import LOST, OPEN, Account
from gensc.receiver.config import ReportConfig
from gensc.receiver.ledger import Ledger
from gensc.remote.keys import load_pair, load_trusted
from gensc.remote.reports import (
    MAX_MISSING,
    SNR_RANGE_DB,
    Ask,
    Bye,
    Have,
    Hello,
    ImageReport,
    Missing,
    Report,
    Sent,
    Snr,
)
from gensc.remote.sockets import ReportServer

#: Bursts may still be on their way for so long: only then they are missing.
_MISSED_S = 0.25
#: Transmitters whose names are remembered, and bursts of each whose SNR waits to be told.
_NAMES, _SNRS = 1024, 4096


class Talk:
    """Answers transmitters, tells them what is measured and what became of their images.

    Args:
        config: where it listens.
        ledger: that their announcements go to.
        stored: which images of a session the archive has, of those named.
        announced: told of every announcement, and of its image's account.

    Attributes:
        address: where it listens; "" nowhere.

    Raises:
        UserError: an address or keys that cannot be used.
    """

    def __init__(
        self,
        config: ReportConfig,
        ledger: Ledger,
        stored: Callable[[int, Sequence[int]], list[int]],
        announced: Callable[[Sent, Account], None] = lambda sent, account: None,
    ) -> None:
        self._config, self._ledger = config, ledger
        self._stored, self._announced = stored, announced
        self._lock = threading.Lock()
        self._names: OrderedDict[int, str] = OrderedDict()
        self._snrs: dict[int, list[float]] = {}
        self._due = 0.0
        self.server: ReportServer | None = None
        if config.address:
            keys = load_pair(config.keys) if config.keys else None
            trusted = load_trusted(list(config.trusted)) if config.trusted else ()
            self.server = ReportServer(config.address, self._take, keys, trusted)

    @property
    def address(self) -> str:
        """Where it listens, the port filled in."""
        return self.server.address if self.server else ""

    def start(self) -> None:
        """Begin to listen."""
        if self.server:
            self.server.start()

    def close(self) -> None:
        """Let what was said leave, and close."""
        if self.server:
            self.server.close()

    def peer(self, session: int) -> str:
        """What the transmitter of a session calls itself; "" where it has not said."""
        with self._lock:
            return self._names.get(session, "")

    def counters(self) -> dict[str, int]:
        """Reports heard, dropped and not delivered."""
        names = ("received", "dropped", "undelivered")
        return {f"reports_{n}": getattr(self.server, n) if self.server else 0 for n in names}

    # ------------------------------------------------------------------ what is heard

    def _take(self, peer: bytes, report: Report) -> None:
        assert self.server is not None
        if isinstance(report, Hello):
            if report.session is not None:
                self._name(report.session, report.name)
            self.server.send(peer, Hello(None, self._config.name[:64]))
        elif isinstance(report, Sent):
            account = self._ledger.announced(report)
            self._announced(report, account)
            if account.fate not in (OPEN, LOST):  # it did not hear that it is stored
                self.image(account)
        elif isinstance(report, Ask):
            ids = tuple(self._stored(report.session, report.ids))
            self.server.send(peer, Have(report.session, ids))
        elif isinstance(report, Bye):
            self._ledger.bye(report.session, report.images)

    def _name(self, session: int, name: str) -> None:
        with self._lock:
            self._names[session] = name
            while len(self._names) > _NAMES:
                self._names.popitem(last=False)

    # ------------------------------------------------------------------ what is told

    def burst(self, session: int, snr_db: float) -> None:
        """The SNR of a burst."""
        with self._lock:
            waiting = self._snrs.setdefault(session, [])
            if len(waiting) < _SNRS:
                waiting.append(snr_db)

    def image(self, account: Account) -> None:
        """What has become of an image, for good."""
        fate = "lost" if account.fate == LOST else "stored"
        self._tell(account, fate, account.missing())

    def tick(self) -> None:
        """Tell of SNRs that were measured, and of bursts that are missing."""
        now = time.monotonic()
        if self.server is None or now < self._due:
            return
        self._due = now + self._config.interval_s
        with self._lock:
            snrs, self._snrs = self._snrs, {}
        for session, measured in snrs.items():
            values = np.clip(measured, *SNR_RANGE_DB)
            mean_db = 10 * np.log10(np.mean(10 ** (values / 10)))
            self.server.tell(session, Snr(float(mean_db), float(np.std(values)), len(measured)))
        for account in self._ledger.open():
            missing = account.missing()
            quiet = account.heard_at is not None and now - account.heard_at >= _MISSED_S
            if quiet and missing and frozenset(missing) != account.told:
                account.told = frozenset(missing)
                self._tell(account, "damaged", missing)

    def _tell(self, account: Account, fate: str, missing: Sequence[tuple[str, int, int]]) -> None:
        if self.server is None:
            return
        snr_db = account.snr_db()
        self.server.tell(
            account.session,
            ImageReport(
                session=account.session,
                image_id=account.image_id,
                fate=fate,
                fragments=account.fragments,
                received=account.received,
                missing=tuple(Missing(*one) for one in missing[:MAX_MISSING]),
                snr_db=None if snr_db is None else float(np.clip(snr_db, *SNR_RANGE_DB)),
                spread_db=account.spread_db(),
            ),
        )
