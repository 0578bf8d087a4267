"""Image source block."""

from __future__ import annotations

import time
from pathlib import Path

from . import choice_message
from .image_files import image_paths, read_image
from .message_ports import message_block
from .metadata import Metadata, make_pdu
from .session import Sessions

_SLICE_S = 0.05


class image_source(message_block):
    """Reads image files and sends each as a PDU on [image], then ends the stream.

    The PDU carries `session`, `image_id` (counting up from `first_id`, modulo 65536), `shape` and
    `name`.
    Before each one [count] sends the pair ("images" . images before it), for what is to change
    from image to image.
    A file that cannot be read is dropped with one line; the others follow.

    Args:
        path: a file, a folder, a glob pattern, or "skimage:NAME" for a photo inside scikit-image
            (astronaut, chelsea, coffee, rocket; "skimage:" for all of them).
        repeat: start again after the last image, for ever.
        interval_ms: least time between two images.
        first_id: image_id of the first one.
        max_side: shrink larger images to this many pixels; 0 leaves them.
        session: tag of all images, 0 … 65535; None draws one at each start.

    Raises:
        GenscError: the path names no image.
    """

    def __init__(
        self,
        path: str,
        repeat: bool = False,
        interval_ms: float = 0,
        first_id: int = 0,
        max_side: int = 0,
        session: int | None = None,
    ) -> None:
        message_block.__init__(self, "image_source")
        self.paths = image_paths(path)
        self.repeat = repeat
        self.interval_s = interval_ms / 1000
        self.max_side = max_side
        self._sessions = Sessions(session)
        self._first_id = first_id
        self._sent = 0
        self._due = 0.0
        self.setup_ports({"next": self.driven("next", self._next)}, ["image", "count"])

    def start(self) -> bool:
        """Begin with the first image."""
        self._sent, self._due = 0, time.monotonic()
        self._sessions.begin()
        self.drive("next")
        return super().start()

    def set_repeat(self, repeat: bool) -> None:
        """Whether to start again after the last image."""
        self.repeat = repeat

    def set_interval_ms(self, interval_ms: float) -> None:
        """Least time between two images."""
        self.interval_s = interval_ms / 1000

    def _next(self) -> bool:
        if self._sent and self._sent % len(self.paths) == 0 and not self.repeat:
            self.finish()
            return False
        wait = self._due - time.monotonic()
        if wait > 0:
            time.sleep(min(wait, _SLICE_S))
        else:
            self._due = time.monotonic() + self.interval_s
            path = self.paths[self._sent % len(self.paths)]
            image_id = (self._first_id + self._sent) & 0xFFFF
            self.publish("count", choice_message.pair("images", self._sent))
            self._sent += 1
            self._send(path, image_id)
        return True

    def _send(self, path: str, image_id: int) -> None:
        image = read_image(path, self.max_side)
        height, width, _ = image.shape
        meta = Metadata(
            session=self._sessions.tag,
            image_id=image_id,
            shape=(height, width, 3),
            name=Path(path).name,
        )
        self.publish("image", make_pdu(meta, image))
