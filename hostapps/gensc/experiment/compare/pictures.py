"""The pictures of a comparison: those that can be opened and sent at its highest rate."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gensc.data.named import Found, find, open_all
from gensc.data.samples import caption_of
from gensc.experiment.scheme import Picture
from gensc.system.codecs import check_fits
from gnuradio.gensc.image_files import read_image

__all__ = ["find", "load"]


def load(
    found: Sequence[Found], max_side: int, rate: int, say: Callable[[str], None]
) -> list[Picture]:
    """Those that can be opened and sent, however small; of each other one a line is said.

    Args:
        found: which.
        max_side: larger ones are scaled down; 0 leaves them.
        rate: the highest one at which they are sent, symbols per 16×16 block.
        say: takes the lines.

    Raises:
        UserError: none is left; with the only one's reason.
    """

    def opened(one: Found) -> Picture:
        pixels = read_image(one.path, max_side)
        check_fits(one.path, pixels.shape, rate)
        return Picture(one.name, pixels, caption_of(one.path) or "")

    return open_all(found, opened, say)
