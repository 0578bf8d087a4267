"""What has become of images that are not answered for: the receiver is asked whenever it comes."""

from __future__ import annotations

import threading

from gensc.remote.reports import MAX_IDS, Ask, Have
from gensc.transmitter.queue import Item, Queue

#: Seconds that an answer may take.
PATIENCE_S = 1.0


class Asking:
    """The questions that are open.

    An answer that was on its way when either end stopped is lost. Attempts of an earlier process
    are on the air no more: what the receiver does not have of them is sent again. Those of this
    one may still be: they have their time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[int, list[int]] = {}
        self._open: dict[int, int] = {}  # answers that are missing, by session
        self._until = 0.0

    def begin(self, unanswered: dict[int, list[int]], now_s: float) -> None:
        """These attempts, by session, are to be asked about."""
        with self._lock:
            self._asked = unanswered
            self._open = {session: -(-len(ids) // MAX_IDS) for session, ids in self._asked.items()}
            self._until = now_s + PATIENCE_S

    def asks(self) -> list[Ask]:
        """The questions."""
        with self._lock:
            return [
                Ask(session, tuple(ids[at : at + MAX_IDS]))
                for session, ids in self._asked.items()
                for at in range(0, len(ids), MAX_IDS)
            ]

    def answered(self, answer: Have) -> None:
        """One is answered."""
        with self._lock:
            left = self._open.get(answer.session, 0) - 1
            if left > 0:
                self._open[answer.session] = left
            else:
                self._open.pop(answer.session, None)

    def is_open(self, now_s: float) -> bool:
        """Whether answers are worth waiting for."""
        with self._lock:
            return bool(self._open) and now_s < self._until

    def left_over(self, queue: Queue, session: int) -> list[Item]:
        """Images of other sessions than this that are not stored; they are told of once."""
        with self._lock:
            asked, self._asked, self._open = self._asked, {}, {}
        asked.pop(session, None)
        items = [queue.of(session, image_id) for session, ids in asked.items() for image_id in ids]
        there = {item.number: item for item in items if item is not None}
        return [item for item in there.values() if item.state in ("queued", "sent")]
