"""What every way is: sections of one image in, what a receiver hears of them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from gensc.experiment.scheme import Section, Sent


@dataclass(frozen=True, eq=False)
class Carried:
    """One image behind the channel.

    Attributes:
        sections: those of which anything was heard.
        overhead: air overhead (preamble, training, headers, pilots, fill), channel symbols.
        snr_db: Es/N0 as the receiver measured it on the analog sections, or on all where there are
            none; None where it was told or heard nothing.
        fragments, fragments_lost: bursts of the image, and how many never arrived; None without
            bursts.
    """

    sections: tuple[Section, ...]
    overhead: int = 0
    snr_db: float | None = None
    fragments: int | None = None
    fragments_lost: int | None = None


class Way(Protocol):
    """Carries sections over a channel.

    Attributes:
        name: "torch", "bursts" or "flowgraph".
        csi: whether its receiver estimates the channel or is told.
        channels: those that it has.
        parallel: several images may be on their way at a time.
    """

    name: Literal["torch", "bursts", "flowgraph"]
    csi: Literal["estimated", "perfect"]
    channels: Sequence[str]
    parallel: bool

    def carry(self, sent: Sent, channel: str, snr_db: float, seed: int, budget: int = 0) -> Carried:
        """One image over one realisation of a channel.

        Args:
            sent: its sections.
            channel: of `channels`; `none` ignores `snr_db`.
            snr_db: Es/N0, averaged over the fading.
            seed: of channel and noise.
            budget: symbols that every scheme was given: where a scheme sent less, it still meets
                the same gains and noise as the others.
        """
        ...

    def carry_many(
        self,
        sent: Sequence[Sent],
        channel: str,
        snr_db: float,
        seeds: Sequence[int],
        budget: int = 0,
    ) -> list[Carried]:
        """Several images, each over a realisation of its own; see `carry`."""
        return [
            self.carry(s, channel, snr_db, seed, budget)
            for s, seed in zip(sent, seeds, strict=True)
        ]
