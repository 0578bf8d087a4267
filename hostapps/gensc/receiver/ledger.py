"""Every image of every session is accounted for: stored, damaged, or lost with its cause.

An account is opened by the first burst of an image, by its sender's announcement, or by a gap in
the numbers of its session; it is settled once, by what was stored or by a deadline. At every moment
``images == stored + damaged + lost + open``.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from gensc.receiver.account import (
    BURSTS_LOST,
    DAMAGED,
    LOST,
    NEVER_HEARD,
    OPEN,
    STORED,
    WEIGHTS_MISSING,
    Account,
)

if TYPE_CHECKING:
    from gensc.remote.reports import Sent
    from gnuradio.gensc.metadata import Metadata

IDS = 1 << 16
#: Numbers that may be skipped in a session; beyond, it is taken for a jump and not for losses.
MOST_SKIPPED = 1024
#: Settled accounts of a session, and sessions, that are remembered for what comes late.
_SETTLED, _SESSIONS = 1024, 256
_PICTURED = (STORED, DAMAGED)
#: An image of which a decoder has sections is waited for so many times as long.
_DECODING = 4


class _Book:
    """One session, as one source heard it or its transmitter announced it."""

    def __init__(self) -> None:
        self.accounts: OrderedDict[int, Account] = OrderedDict()
        self.highest: int | None = None
        self.known = 0
        self.total: int | None = None
        self.said_at = 0.0

    def forget(self) -> None:
        """Settled accounts beyond what is remembered."""
        for image_id in list(islice(self.accounts, max(0, len(self.accounts) - _SETTLED))):
            if self.accounts[image_id].fate != OPEN:
                del self.accounts[image_id]


class Ledger:
    """The accounts. Methods may be called from any thread.

    Args:
        image_s: seconds after its last burst until an image that nothing was made of is lost.
        announced_s: the same of one that was never heard, after it was announced or skipped.
        clock: seconds; of `time.monotonic`.
    """

    def __init__(
        self,
        image_s: float = 5.0,
        announced_s: float = 20.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._image_s, self._announced_s, self._clock = image_s, announced_s, clock
        self._lock = threading.RLock()
        self._books: OrderedDict[tuple[str, int], _Book] = OrderedDict()
        self._open_ones: dict[int, Account] = {}
        self._sums: Counter[str] = Counter()
        self._causes: Counter[str] = Counter()
        self._symbols: Counter[str] = Counter()

    # ------------------------------------------------------------------ what is heard

    def burst(self, source: str, metadata: Metadata, symbols: int) -> Account | None:
        """A burst; None where it is of no image."""
        if not _is_of_image(metadata):
            return None
        with self._lock:
            account = self._heard(source, metadata)
            account.touch(self._clock(), metadata)
            part, new = account.part(metadata), metadata.fragment not in account.part(metadata).seen
            if account.fate not in _PICTURED or metadata.section == "text":
                part.take(metadata.fragment or 0, symbols)
            if account.fate != OPEN and new and metadata.section != "text":
                part.seen.add(metadata.fragment or 0)
                account.late += symbols
                self._symbols["late"] += symbols
            return account

    def section(self, source: str, metadata: Metadata) -> Account | None:
        """A section that was put together; None where it is of no image.

        One that its image has had already, of which there is a picture, begins another image under
        the same number.
        """
        if not _is_of_image(metadata):
            return None
        with self._lock:
            account = self._heard(source, metadata)
            name = metadata.section or "analog", metadata.stream or 0
            if account.fate in _PICTURED and name in account.given and metadata.section != "text":
                account = self._again(source, metadata)
            account.given.add(name)
            part = account.part(metadata)
            if account.fate not in _PICTURED:
                if not part.seen:  # no bursts were looked at
                    account.touch(self._clock(), metadata)
                part.put_together(metadata)
            return account

    def image(self, source: str, metadata: Metadata) -> Account:
        """The account of a picture that a decoder gave; it is settled when that is stored."""
        with self._lock:
            account = self._heard(source, metadata)
            if account.fate in _PICTURED:
                account = self._again(source, metadata)
            account.decoded = True
            return account

    def failed(self, source: str, metadata: Metadata, cause: str, why: str = "") -> Account | None:
        """A decoder could make nothing of an image; its account is settled as lost.

        Returns:
            it; None where that was settled before.
        """
        with self._lock:
            account = self._heard(source, metadata)
            if account.fate != OPEN:
                return None
            if cause != WEIGHTS_MISSING and not account.whole:
                cause = BURSTS_LOST
            account.why = why
            self._settle(account, LOST, cause)
            return account

    # ------------------------------------------------------------------ what is announced

    def announced(self, sent: Sent) -> Account:
        """A transmitter says that it sends an image; one that was lost may come now."""
        with self._lock:
            book = self._books[self._place(sent.session)]
            account = book.accounts.get(sent.image_id)
            if account is None or (account.sent and account.sent.sha256 != sent.sha256):
                account = self._open(self._place(sent.session), sent.image_id)
            elif account.fate == LOST:
                self._reopen(account)
            account.sent = sent
            book.highest = sent.image_id
            return account

    def bye(self, session: int, images: int) -> None:
        """A transmitter says how many images it has sent in a session."""
        with self._lock:
            book = self._books[self._place(session)]
            book.total, book.said_at = images, self._clock()

    def _place(self, session: int) -> tuple[str, int]:
        """Where a session was heard; without a source's name where it was not yet."""
        for place in reversed(self._books):
            if place[1] == session:
                return place
        self._book(("", session))
        return "", session

    # ------------------------------------------------------------------ deadlines

    def tick(self, busy: Callable[[str], bool] = lambda source: False) -> list[Account]:
        """Settle what its deadline has passed of; returns those images, lost now.

        Args:
            busy: whether a source's decoders still have work, and may yet give a picture.
        """
        with self._lock:
            now = self._clock()
            for place, book in list(self._books.items()):
                self._expect_rest(place, book, now)
            lost = [a for a in self._open_ones.values() if self._is_over(a, now, busy)]
            return [self._give_up(account) for account in lost]

    def close(self) -> list[Account]:
        """Settle everything; nothing more will come. Returns the images that are lost now."""
        with self._lock:
            for place, book in list(self._books.items()):
                self._expect_rest(place, book, float("inf"))
            return [self._give_up(account) for account in self.open()]

    def open(self) -> list[Account]:
        """Accounts that are not settled, the oldest first."""
        with self._lock:
            return list(self._open_ones.values())

    def _expect_rest(self, place: tuple[str, int], book: _Book, now: float) -> None:
        """Images of which not even the announcement was heard, once the total is known."""
        if book.total is None or now - book.said_at < self._announced_s:
            return
        unknown = (n for n in range(IDS) if n not in book.accounts)
        for _ in range(min(book.total, IDS) - book.known):
            self._open(place, next(unknown)).opened_at = float("-inf")
        book.total = None

    def _is_over(self, account: Account, now: float, busy: Callable[[str], bool]) -> bool:
        if account.fate != OPEN or account.decoded:
            return False
        if account.heard_at is None:
            over = now - account.opened_at >= self._announced_s
        else:
            wait_s = self._image_s * (_DECODING if account.given else 1)
            over = now - account.heard_at >= wait_s
        return over and not busy(account.source)

    def _give_up(self, account: Account) -> Account:
        self._settle(account, LOST, NEVER_HEARD if account.heard_at is None else BURSTS_LOST)
        return account

    # ------------------------------------------------------------------ fates

    def settle(self, account: Account, fate: str, cause: str = "", key: str = "") -> None:
        """Say what has become of an image: stored, damaged or lost; lost ones may yet be found."""
        with self._lock:
            self._settle(account, fate, cause, key)

    def _reopen(self, account: Account) -> None:
        """It is sent once more under the same number."""
        self._count(account, -1)
        account.fate, account.cause, account.decoded = OPEN, "", False
        account.opened_at, account.heard_at = self._clock(), None
        self._open_ones[id(account)] = account
        self._sums["sent_again"] += 1

    def _settle(self, account: Account, fate: str, cause: str, key: str = "") -> None:
        if account.fate == LOST:  # a picture of it came after all, and what was late is in it
            self._count(account, -1)
            self._sums["found"] += 1
            self._symbols["late"] -= account.late
            account.late = 0
        elif account.fate != OPEN:
            raise ValueError(f"{account.key} is {account.fate} already")
        account.fate, account.cause = fate, cause
        account.key = key or account.key
        self._open_ones.pop(id(account), None)
        self._count(account, 1)
        book = self._books.get((account.source, account.session))
        if book is not None:
            book.forget()

    def _count(self, account: Account, sign: int) -> None:
        self._sums[account.fate] += sign
        if account.fate in (LOST, DAMAGED):
            self._causes[account.cause] += sign
        if sign > 0:
            account.counted = account.symbols()
        for name in ("sent", "received", "erased"):
            self._symbols[name] += sign * getattr(account.counted, name)

    # ------------------------------------------------------------------ accounts

    def _heard(self, source: str, metadata: Metadata) -> Account:
        """The account of what is heard, opened where there is none; gaps before it, too."""
        session, image_id = metadata.session or 0, metadata.image_id or 0
        place = source, session
        if ("", session) in self._books:  # announced before it was heard
            self._adopt(place)
        book = self._book(place)
        account = book.accounts.get(image_id) or self._open(place, image_id)
        if book.highest is None:
            book.highest = image_id
        step = (image_id - book.highest) % IDS
        if 0 < step < IDS // 2:
            for skipped in range(1, step if step <= MOST_SKIPPED else 0):
                if (book.highest + skipped) % IDS not in book.accounts:
                    self._open(place, (book.highest + skipped) % IDS)
            self._sums["jumps"] += step > MOST_SKIPPED
            book.highest = image_id
        return account

    def _adopt(self, place: tuple[str, int]) -> None:
        waiting = self._books.pop(("", place[1]))
        for account in waiting.accounts.values():
            account.source = place[0]
        self._books[place] = waiting

    def _again(self, source: str, metadata: Metadata) -> Account:
        self._sums["again"] += 1
        return self._open((source, metadata.session or 0), metadata.image_id or 0)

    def _open(self, place: tuple[str, int], image_id: int) -> Account:
        book = self._book(place)
        before = book.accounts.pop(image_id, None)
        if before is not None and before.fate == OPEN:
            self._give_up(before)
        account = Account(*place, image_id, opened_at=self._clock())
        book.accounts[image_id] = account
        self._open_ones[id(account)] = account
        book.known += 1
        self._sums["images"] += 1
        return account

    def _book(self, place: tuple[str, int]) -> _Book:
        if place not in self._books:
            self._books[place] = _Book()
            self._forget_sessions()
        self._books.move_to_end(place)
        return self._books[place]

    def _forget_sessions(self) -> None:
        for place in list(self._books)[: max(0, len(self._books) - _SESSIONS)]:
            if all(a.fate != OPEN for a in self._books[place].accounts.values()):
                del self._books[place]

    # ------------------------------------------------------------------ sums

    def account(self, source: str, session: int, image_id: int) -> Account | None:
        """The latest account of an image."""
        with self._lock:
            book = self._books.get((source, session))
            return None if book is None else book.accounts.get(image_id)

    def sums(self) -> dict[str, object]:
        """Everything added up: images by fate, causes, symbols by fate."""
        with self._lock:
            told = {name: self._sums[name] for name in ("images", "stored", "damaged", "lost")}
            settled = told["stored"] + told["damaged"] + told["lost"]
            return {
                **told,
                "open": told["images"] - settled,
                "found": self._sums["found"],
                "again": self._sums["again"],
                "sent_again": self._sums["sent_again"],
                "jumps": self._sums["jumps"],
                "causes": {cause: n for cause, n in sorted(self._causes.items()) if n},
                "symbols": {
                    name: self._symbols[name] for name in ("sent", "received", "erased", "late")
                },
                "sessions": len(self._books),
            }


def _is_of_image(metadata: Metadata) -> bool:
    """Texts and bits by themselves have no size."""
    return metadata.image_id is not None and bool(metadata.shape and all(metadata.shape))
