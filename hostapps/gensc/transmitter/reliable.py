"""Selective retransmission: bursts of bits and texts that the receiver misses are sent again.

The same bursts under the same numbers: what the receiver has of a section it keeps, and takes the
copies for what is missing. Analog fragments are not sent again: what is missing there makes an
image a little worse, where a missing burst of bits takes it away.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass

from gensc.remote.reports import ImageReport
from gensc.transmitter.gather import Fragment

#: Images whose bursts are kept for that.
KEPT = 64
AGAIN = ("bits", "text")
Key = tuple[int, int]
"""Session and image_id."""


@dataclass
class _Kept:
    parts: dict[tuple[str, int, int], Fragment]
    tries: int = 0


class Retransmissions:
    """Which bursts are to be sent again.

    Args:
        tries: times that something of an image is sent again at most; 0: never.
    """

    def __init__(self, tries: int) -> None:
        self._tries = tries
        self._kept: OrderedDict[Key, _Kept] = OrderedDict()
        self._due: deque[tuple[Key, list[Fragment]]] = deque()

    def keep(self, key: Key, fragments: list[Fragment]) -> None:
        """An image is being sent."""
        if not self._tries:
            return
        again = {part.number: part for part in fragments if part.number[0] in AGAIN}
        if again:
            self._kept[key] = _Kept(again)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Nothing of this image need be sent again."""
        self._kept.pop(key, None)
        self._due = deque(due for due in self._due if due[0] != key)

    def report(self, report: ImageReport) -> int:
        """The receiver says what it misses; returns how many bursts will be sent again."""
        key = report.session, report.image_id
        kept = self._kept.get(key)
        if kept is None or kept.tries >= self._tries or any(due[0] == key for due in self._due):
            return 0
        numbers = dict.fromkeys(tuple(missing) for missing in report.missing)
        again = [kept.parts[number] for number in numbers if number in kept.parts]
        if again:
            kept.tries += 1
            self._due.append((key, again))
        return len(again)

    def next(self) -> tuple[Key, list[Fragment]] | None:
        """An image's bursts that are to be sent again now; None where there are none."""
        return self._due.popleft() if self._due else None
