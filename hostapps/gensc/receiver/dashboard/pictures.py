"""Which file a picture of the page is: only those that events of this receiver have named."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gensc.receiver.bus import Bus, Event

#: Images whose files are known, the newest.
MOST_IMAGES = 512
#: What there may be of one image.
STAGES = ("original", "received", "refined", "inpainted", "edited")
_WITH_FILES = ("image", "refined")
_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
}


def stage_of(event: Event) -> str:
    """What an event's picture is called: the stage that has made it."""
    if event.kind == "image":
        return "received"
    stage = str(event.fields.get("stage", ""))
    return stage if stage in STAGES[2:] else "refined"


class Pictures:
    """Files by image and stage, as events name them. A request's words never become a path.

    Args:
        bus: what is remembered of it is taken first.
        folder: where the receiver writes; paths of events are relative to it, and its own
            pictures lie below it. Originals may lie anywhere.
        before: events of earlier runs.
    """

    def __init__(self, bus: Bus, folder: Path, before: Sequence[Event] = ()) -> None:
        self._folder = folder.resolve()
        self._files: OrderedDict[str, dict[str, Path]] = OrderedDict()
        self._lock = threading.Lock()
        self._subscription = bus.subscribe()
        for event in before:
            if event.kind in _WITH_FILES:
                self._take(event)
        for kind in _WITH_FILES:
            for event in bus.last(kind, MOST_IMAGES):
                self._take(event)
        self._thread = threading.Thread(target=self._follow, name="dashboard-files", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Follow no longer."""
        self._subscription.close()
        self._thread.join()

    def find(self, key: str, stage: str) -> tuple[Path, str] | None:
        """A picture's file and media type; None where there is none, or it is no picture."""
        with self._lock:
            path = self._files.get(key, {}).get(stage)
        if path is None or path.suffix.lower() not in _TYPES or not path.is_file():
            return None
        return path, _TYPES[path.suffix.lower()]

    def _follow(self) -> None:
        for event in self._subscription:
            if event.kind in _WITH_FILES:
                self._take(event)

    def _take(self, event: Event) -> None:
        fields: dict[str, Any] = event.fields
        key = str(fields.get("key", ""))
        with self._lock:
            files = self._files.setdefault(key, {})
            if fields.get("file"):
                path = (self._folder / str(fields["file"])).resolve()
                if path.is_relative_to(self._folder):
                    files[stage_of(event)] = path
            if event.kind == "image" and fields.get("original"):
                files["original"] = Path(str(fields["original"]))
            while len(self._files) > MOST_IMAGES:
                self._files.popitem(last=False)
