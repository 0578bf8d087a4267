"""What blocks that better received images have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import GenscError
from .message_ports import message_block
from .metadata import Metadata, make_pdu, read_image

Image = NDArray[np.uint8]
Result = tuple[Metadata, Image]


BEHIND = ("wait", "newest")


def takes_newest(name: str, behind: str) -> bool:
    """Whether a stage that is behind drops to the newest image.

    Raises:
        GenscError: another word.
    """
    if behind not in BEHIND:
        raise GenscError(f"{name}: behind {behind!r}: must be {' or '.join(BEHIND)}")
    return behind == "newest"


class image_stage(message_block):
    """Makes a better one of each received [image], and never none.

    Every image that arrives leaves on [image], in order: one that `better` fails on leaves as it
    came and is counted. With `behind` "newest" (for displays of what is received now) nothing
    upstream waits: of the images that have come meanwhile only the last is taken, and the others
    are counted.

    Args:
        name: of the block.
        seed: of all randomness; equal seeds give equal images.
        enabled: False leaves images as they are, until it is switched on.
        behind: "wait" or "newest".

    Attributes:
        skipped: images that newer ones have taken the place of.
        done: images made better so far.
        failed: images that left as they came though the block was enabled.
    """

    without = "unchanged"
    """How an image passes that `better` failed on, for the log."""

    def __init__(self, name: str, seed: int, enabled: bool, behind: str = "wait") -> None:
        message_block.__init__(self, name)
        self._newest = takes_newest(name, behind)
        self.skipped = 0
        self.set_seed(seed)
        self.set_enabled(enabled)
        self.done = self.failed = 0

    def set_enabled(self, enabled: bool) -> None:
        """Whether images are worked on from the next one on."""
        self.enabled = bool(enabled)

    def set_seed(self, seed: int) -> None:
        """Seed from the next image on."""
        self.seed = int(seed)

    @abstractmethod
    def better(self, metadata: Metadata, image: Image) -> Result | None:
        """The better image and its metadata; None where there is nothing to do.

        Raises:
            Exception: of any kind; the image passes as it is.
        """

    def setup_stage(self) -> None:
        """Register the ports; the last thing that a constructor does."""
        limits = {"image": None} if self._newest else None
        self.setup_ports({"image": self.on_image}, ["image"], limits=limits)

    def on_image(self, pdu: Any) -> None:
        """Handler of the block's input; publishes on [image]."""
        if self._newest and self.backlog("image"):
            self.skipped += 1
            return
        metadata, image = read_image(pdu)
        if self.enabled:
            try:
                result = self._checked(metadata, np.array(image))
            except Exception as error:  # a received image is never lost to what betters it
                self._fail(metadata, error)
            else:
                if result is not None:
                    self.done += 1
                    pdu = make_pdu(*result)
        self.publish("image", pdu)

    def _checked(self, metadata: Metadata, image: Image) -> Result | None:
        result = self.better(metadata, image)
        if result is not None and (result[1].shape != image.shape or result[1].dtype != np.uint8):
            raise ValueError(f"the {self.name()} gave {result[1].dtype} {result[1].shape}")
        return result

    def _fail(self, metadata: Metadata, error: Exception) -> None:
        self.failed += 1
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        image = f"image {metadata.image_id}"
        self._log.warn(f"{image} passes {self.without} ({self.failed}): {reason}")
