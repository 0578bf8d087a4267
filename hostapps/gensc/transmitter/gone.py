"""What has left: bursts are made ahead of where they go, and not all of them get there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gensc.link.blocks import Seen
    from gensc_phy.waveform.config import WaveformConfig

Copy = tuple[int | None, int | None, int]
"""Session and number of an image, and which of its copies."""


class Gone:
    """The bursts that were made, in order: how long each is, and of which image.

    Args:
        config: their waveform.
    """

    def __init__(self, config: WaveformConfig) -> None:
        self._config = config
        self._bursts: list[tuple[Copy, int]] = []  # and samples
        self._parts: dict[Copy, set[tuple[object, ...]]] = {}
        self._copies: dict[tuple[int | None, int | None], int] = {}

    def add(self, seen: Seen) -> None:
        """A burst; one of what its image has had already is of the image's next copy."""
        meta = seen.metadata
        image, part = (meta.session, meta.image_id), (meta.section, meta.stream, meta.fragment)
        copy = *image, self._copies.setdefault(image, 0)
        if part in self._parts.get(copy, ()):
            self._copies[image] += 1
            copy = *image, self._copies[image]
        self._parts.setdefault(copy, set()).add(part)
        size = self._config.burst_len(seen.data.size) + self._config.gap
        self._bursts.append((copy, size))

    def within(self, samples: int | None) -> tuple[int, int, int]:
        """Images, bursts and samples that are whole within so many samples; None: all of them."""
        total, left = 0, len(self._bursts)
        for number, (_, size) in enumerate(self._bursts):
            # The gap after the last burst need not have left.
            if samples is not None and total + size - self._config.gap > samples:
                left = number
                break
            total += size
        cut = {copy for copy, _ in self._bursts[left:]}
        return len(self._parts) - len(cut), left, total
