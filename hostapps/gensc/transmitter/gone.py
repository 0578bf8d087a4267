"""What has left: bursts are made ahead of where they go, and not all of them get there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gensc.link.blocks import Seen
    from gensc_phy.waveform.config import WaveformConfig
    from gnuradio.gensc.metadata import ImageKey


class Gone:
    """The bursts that were made, in order: how long each is, and of which image.

    Args:
        config: their waveform.
    """

    def __init__(self, config: WaveformConfig) -> None:
        self._config = config
        self._bursts: list[tuple[int, int]] = []  # image, counted from 0, and samples
        self._key: ImageKey | None = None
        self._parts: set[tuple[object, ...]] = set()
        self._images = 0

    def add(self, seen: Seen) -> None:
        """A burst; one with what its image has had already is of the image's next copy."""
        meta = seen.metadata
        part = meta.section, meta.stream, meta.fragment
        if meta.key != self._key or part in self._parts:
            self._key, self._parts = meta.key, set()
            self._images += 1
        self._parts.add(part)
        size = self._config.burst_len(seen.data.size) + self._config.gap
        self._bursts.append((self._images - 1, size))

    def within(self, samples: int | None) -> tuple[int, int, int]:
        """Images, bursts and samples that are whole within so many samples; None: all of them."""
        total, bursts, cut = 0, 0, self._images
        for image, size in self._bursts:
            # The gap after the last burst need not have left.
            if samples is not None and total + size - self._config.gap > samples:
                cut = image
                break
            total, bursts = total + size, bursts + 1
        return cut, bursts, total
