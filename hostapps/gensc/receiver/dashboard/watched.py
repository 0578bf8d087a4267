"""What a dashboard needs of the receiver that it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from gensc.receiver.archive import Archive
from gensc.receiver.bus import Bus


class Controls(Protocol):
    """What a person may change while it runs."""

    def pause(self, paused: bool) -> None:
        """Stop refining and editing, or go on; coarse images keep being stored."""

    def set_refiner(self, name: str) -> None:
        """Refine with these weights from the next image on; "none" does not refine."""

    def set_target_latency_ms(self, milliseconds: float) -> None:
        """How old an image may become before a stage leaves it out; 0 sets no limit."""


class Watched(Protocol):
    """A receiver service, as far as the dashboard knows it."""

    @property
    def bus(self) -> Bus:
        """What happens in it."""

    @property
    def controls(self) -> Controls:
        """What may be changed."""

    @property
    def folder(self) -> Path:
        """Where images are; no file outside it is shown, but originals that events name."""

    @property
    def archive(self) -> Archive | None:
        """What earlier runs have received, if that is kept."""

    def state(self) -> dict[str, Any]:
        """How it is doing, as JSON can hold it."""
