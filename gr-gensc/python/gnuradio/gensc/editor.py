"""Editor block."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pmt
from numpy.typing import NDArray

from .codecs import load_editor
from .image_stage import takes_newest
from .message_ports import message_block
from .metadata import BLOCK, ImageKey, Metadata, kept_blocks, make_pdu, read_image, read_pdu

if TYPE_CHECKING:
    from gensc_models.restore.editing import Edited, Editor, SafeEditor

NO_EDITOR = "none"
"""The editor that leaves every image as it is."""
CAPTIONS_KEPT = 64
"""Captions that wait for their image; older ones are forgotten."""
SETTLE_S = 2.0
"""Seconds that a stop waits for an edit under way."""
_POLL_S = 0.05


@dataclass(frozen=True)
class _Waiting:
    """An image that is not edited yet, and until when it waits for its caption."""

    metadata: Metadata
    image: NDArray[np.uint8]
    pdu: Any
    deadline: float


class editor(message_block):
    """Restores each received [image] by an editor that is told its caption from [text].

    Editors are slow, so they work in a thread of their own: GNU Radio can stop the block at any
    time. Every image that arrives leaves on [image], in order, edited or as it came; `edit` in its
    metadata says which ("accepted", "blended", "rejected", "untouched" or "failed"), `edit_reason`
    why, and `editor` names who was asked.

    Where the image says which of its blocks were sent (`keep`), they are the foreground: editors
    that take a mask leave it alone, and the guard measures what strays on it.

    An image waits `wait_s` from its arrival for its caption, less where the stream has ended: then
    none comes any more.

    Args:
        editor: name of a refiner's weights, "diffusers:" and a pipeline with its settings, "none",
            or any object with the interface of `gensc_models.restore.editing.Editor`; a
            `SafeEditor` keeps its own limit.
        seed: of what the editor draws by chance.
        limit_s: seconds an image may take, a second attempt included.
        wait_s: seconds an image waits for its caption.
        enabled: False leaves images as they are, until it is switched on.
        behind: "wait", or "newest" to drop to the newest image when it is behind.

    Attributes:
        edited: images that left changed.
        failed: images that left as they came though they should have been edited.
        skipped: images that newer ones have taken the place of.

    Raises:
        GenscError: no such editor.
    """

    def __init__(
        self,
        editor: str | Editor | SafeEditor = "editor-photo",
        seed: int = 0,
        limit_s: float = 300.0,
        wait_s: float = 0.5,
        enabled: bool = True,
        behind: str = "wait",
    ) -> None:
        message_block.__init__(self, "editor")
        self._newest = takes_newest("editor", behind)
        self.skipped = 0
        self.seed = int(seed)
        self.wait_s = float(wait_s)
        self.enabled = bool(enabled)
        self.edited = 0
        self.failed = 0
        self._editor = None if editor == NO_EDITOR else load_editor(editor, float(limit_s))
        self._images: deque[_Waiting] = deque()
        self._captions: OrderedDict[ImageKey, str] = OrderedDict()
        self._news = threading.Condition()
        self._ending = self._halted = False
        self._worker: threading.Thread | None = None
        self.setup_ports(
            {"image": self._image, "text": self._text, "edited_all": self._edited_all},
            ["image"],
            limits={"image": None} if self._newest else None,
            one_at_a_time=False,
        )

    def set_enabled(self, enabled: bool) -> None:
        """Whether images are edited from the next one on."""
        self.enabled = bool(enabled)

    def set_seed(self, seed: int) -> None:
        """Seed of the editor from the next image on."""
        self.seed = int(seed)

    # ------------------------------------------------------------------ GNU Radio's thread

    def start(self) -> bool:
        """Begin with nothing waiting."""
        self._images.clear()
        self._captions.clear()
        self._ending = self._halted = False
        self._worker = threading.Thread(target=self._work, name="gensc-editor", daemon=True)
        self._worker.start()
        return super().start()

    def stop(self) -> bool:
        """What still waits leaves as it came; an edit under way is left behind, if it is slow."""
        stopped = super().stop()
        with self._news:
            self._halted = True
            self._news.notify()
        if self._worker is not None:
            self._worker.join()
        if self._editor is not None:
            self._editor.settle(SETTLE_S)
        return stopped

    def backlog(self, port: str) -> int:
        """PDUs waiting, here and in GNU Radio's queue."""
        return super().backlog(port) + (len(self._images) if port == "image" else 0)

    def _image(self, pdu: Any) -> None:
        metadata, image = read_image(pdu)
        kept_blocks(metadata)  # refused here, not by the worker
        with self._news:
            while self._newest and len(self._images) > 1:  # the first is under way
                self._images.pop()
                self.skipped += 1
            self._images.append(_Waiting(metadata, image, pdu, time.monotonic() + self.wait_s))
            self._news.notify()

    def _text(self, pdu: Any) -> None:
        metadata, data = read_pdu(pdu, np.uint8, require=("image_id",))
        with self._news:
            self._captions[metadata.key] = data.tobytes().decode("utf-8", errors="replace")
            while len(self._captions) > CAPTIONS_KEPT:
                self._captions.popitem(last=False)
            self._news.notify()

    def finish(self) -> None:
        """The block ends when the worker has given out everything."""
        with self._news:
            self._ending = True
            self._news.notify()

    def _edited_all(self, _: Any) -> None:
        super().finish()

    # ------------------------------------------------------------------ the worker's thread

    def _work(self) -> None:
        while self._wait_for_image():
            waiting = self._images[0]
            pdu, caption = waiting.pdu, self._wait_for_caption(waiting)
            if self._editor is not None and self.enabled and not self._halted:
                try:
                    pdu = self._edit(waiting.metadata, waiting.image, caption)
                except Exception as error:  # an image is never lost to what betters it
                    self.failed += 1
                    self.skip("[image] passes unedited:", error)
            self.publish("image", pdu)
            self._images.popleft()
        if not self._halted:
            self._post(pmt.intern("edited_all"), pmt.PMT_NIL)

    def _wait_for_image(self) -> bool:
        """Whether there is one; False when none will come."""
        with self._news:
            while not (self._images or self._ending or self._halted):
                self._news.wait()
            return bool(self._images)

    def _wait_for_caption(self, waiting: _Waiting) -> str:
        key = waiting.metadata.key
        with self._news:
            while (
                key not in self._captions
                and not (self._ending or self._halted)
                and self._editor is not None
                and time.monotonic() < waiting.deadline
            ):
                self._news.wait(_POLL_S)
            return self._captions.pop(key, "")

    def _edit(self, metadata: Metadata, image: NDArray[np.uint8], caption: str) -> Any:
        """The PDU of the edited image."""
        assert self._editor is not None
        outcome: Edited = self._editor.edit(
            np.array(image),
            caption,
            _foreground(metadata),
            snr_db=metadata.snr_db,
            seed=self.seed,
            cancelled=lambda: self._halted,
        )
        self.edited += outcome.changed
        if outcome.kind in ("failed", "rejected"):
            self.failed += 1
            self._log.warn(f"image {metadata.image_id} passes unedited: {outcome.reason}")
        told = replace(
            metadata,
            editor=self._editor.name,
            edit=outcome.kind,
            edit_reason=outcome.reason or None,
        )
        return make_pdu(told, outcome.image)


def _foreground(metadata: Metadata) -> NDArray[np.float32] | None:
    """The mask of an image, 1 where it was sent; None where it does not say."""
    from gensc_models.restore.inpainting import keep_of_blocks

    if metadata.keep is None or metadata.shape is None:
        return None
    height, width, _ = metadata.shape
    return keep_of_blocks(kept_blocks(metadata), height, width, BLOCK).astype(np.float32)
