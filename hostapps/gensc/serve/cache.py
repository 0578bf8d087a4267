"""A cache of answers bounded in bytes; the least recently used go first."""

from __future__ import annotations

from collections import OrderedDict

#: What an entry costs beside its payload: key, dictionary node, object header (CPython).
OVERHEAD = 200


class ByteCache:
    """Byte strings by key, at most `max_bytes` together; 0 keeps nothing.

    Attributes:
        size: bytes held, overhead included.
        hits, misses: of `get`.
        evicted: entries that had to go.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.size = self.hits = self.misses = self.evicted = 0
        self._entries: OrderedDict[bytes, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> bytes | None:
        """The value, which now counts as used."""
        value = self._entries.get(key)
        if value is None:
            self.misses += 1
            return None
        self.hits += 1
        self._entries.move_to_end(key)
        return value

    def put(self, key: bytes, value: bytes) -> None:
        """Keep a value; one larger than the whole cache is not kept."""
        old = self._entries.pop(key, None)
        if old is not None:
            self.size -= len(old) + OVERHEAD
        if len(value) + OVERHEAD > self.max_bytes:
            return
        self._entries[key] = value
        self.size += len(value) + OVERHEAD
        while self.size > self.max_bytes:
            _, gone = self._entries.popitem(last=False)
            self.size -= len(gone) + OVERHEAD
            self.evicted += 1
