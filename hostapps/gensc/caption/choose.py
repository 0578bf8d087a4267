"""The captioner that ``--caption`` names.

`gensc --help` reads this file: what it needs is imported when a captioner is chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gensc.system.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gensc_models.semantics.captions import Captioner

#: What ``--caption`` takes besides a text of one's own.
HELP = (
    "Text sent with every image: auto (the file beside it, else layout), file (photo.txt beside "
    "photo.jpg), layout, labels (what a classifier sees, then the layout), blip[:NAME or folder], "
    "chat (the server that GENSC_CAPTION_URL, _MODEL and _KEY name), or the text itself."
)


class AutoCaptioner:
    """What stands beside the picture, or else its layout."""

    name = "auto"

    def caption(self, image: NDArray[np.uint8], path: str = "") -> str:
        """See `gensc.caption.given.side_car` and `semantics.captions.LayoutCaptioner`."""
        from gensc.caption.given import side_car
        from gensc_models.semantics.captions import LayoutCaptioner

        return side_car(path) or LayoutCaptioner().caption(image)


class Fallible:
    """A captioner that may fail, and the layout for when it does: the image is sent anyhow."""

    def __init__(self, captioner: Captioner, say: Callable[[str], None]) -> None:
        from gensc_models.semantics.captions import LayoutCaptioner

        self.name = captioner.name
        self._captioner = captioner
        self._layout = LayoutCaptioner()
        self._say = say

    def caption(self, image: NDArray[np.uint8], path: str = "") -> str:
        """The caption; of the layout, with a line that says why, where there is none."""
        try:
            text = self._captioner.caption(image, path)
        except Exception as error:  # no image stays behind for want of a caption
            reason = " ".join(str(error).split()) or type(error).__name__
        else:
            if text:
                return text
            reason = "it has nothing to say"
        self._say(f"{path or 'image'}: layout for caption, {self.name} failed: {reason}")
        return self._layout.caption(image)


def choose_captioner(choice: str, say: Callable[[str], None]) -> Captioner | None:
    """The captioner of a ``--caption``; None for "", which sends no caption.

    Args:
        choice: see `HELP`.
        say: told a line when a model or server fails for an image.

    Raises:
        UserError: the model cannot be had, or the server is not set.
    """
    from gensc.caption.given import FileCaptioner, GivenCaptioner
    from gensc_models.semantics.captions import LayoutCaptioner

    kind, _, name = choice.partition(":")
    if not choice:
        return None
    if choice == "auto":
        return AutoCaptioner()
    if choice == "file":
        return FileCaptioner()
    if choice == "layout":
        return LayoutCaptioner()
    if choice == "labels":
        from gensc_models.semantics.captions.labels import LabelCaptioner
        from gensc_models.weights.hub import UnavailableError

        try:
            return LabelCaptioner()
        except UnavailableError as error:
            raise UserError(f"--caption {choice}: {error}") from error
    if choice == "chat":
        from gensc.caption.chat import ChatCaptioner
        from gensc.remote.endpoint import Endpoint

        return Fallible(ChatCaptioner(Endpoint.from_environment("CAPTION")), say)
    if kind == "blip" and " " not in choice:
        from gensc_models.foundation.blip import DEFAULT, BlipCaptioner
        from gensc_models.weights.hub import UnavailableError

        try:
            return Fallible(BlipCaptioner(name or DEFAULT), say)
        except UnavailableError as error:
            raise UserError(f"--caption {choice}: {error}") from error
    return GivenCaptioner(choice)
