"""What a service has done so far."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from gensc.serve.answer import Source, Status


@dataclass
class ServiceStats:
    """Counts since the start. At any moment accepted = sum of the answers + pending.

    Attributes:
        accepted: requests taken on.
        answered: accepted requests answered, by status.
        turned_away: requests not accepted, by status.
        sources: images delivered, by where they came from.
        batches, images: passes of the model and images in them.
        discarded: images computed that nobody wanted any more.
        worker_deaths: workers that ended without answering.
        requeued: requests that had to be computed again for that.
    """

    accepted: int = 0
    answered: Counter[Status] = field(default_factory=Counter)
    turned_away: Counter[Status] = field(default_factory=Counter)
    sources: Counter[Source] = field(default_factory=Counter)
    batches: int = 0
    images: int = 0
    discarded: int = 0
    worker_deaths: int = 0
    requeued: int = 0
