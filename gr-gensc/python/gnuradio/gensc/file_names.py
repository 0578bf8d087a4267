"""What received files are called: after the session and the number of their image."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from .metadata import ImageKey, Metadata

#: Everything that an image may leave.
ENDINGS = (".png", ".txt", ".npz", "-damaged.txt", "-refined.png", "-edited.png")
#: Images whose files are known to belong together; one that comes again later is another.
_REMEMBERED = 1024


class FileNames:
    """Names in one folder: `a3f2-00012.png` for the image, and all else of it beside it.

    An image of which there are files already is called `a3f2-00012-2`, with all that belongs to it:
    nothing is overwritten, and nothing stands beside another image's.

    Args:
        folder: it need not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._images: OrderedDict[ImageKey, tuple[str, set[str]]] = OrderedDict()

    def path(self, metadata: Metadata, suffix: str, mark: str = "") -> Path:
        """The file of that kind for an image; a second one of the kind gets a number."""
        stem, given = self._of(metadata.key)
        name, number = f"{stem}{mark}{suffix}", 2
        while name in given:
            name, number = f"{stem}{mark}-{number}{suffix}", number + 1
        given.add(name)
        return self.folder / name

    def _of(self, key: ImageKey) -> tuple[str, set[str]]:
        if key not in self._images:
            taken = {stem for stem, _ in self._images.values()}
            stem, number = str(key), 2
            while stem in taken or any((self.folder / f"{stem}{e}").exists() for e in ENDINGS):
                stem, number = f"{key}-{number}", number + 1
            self._images[key] = stem, set()
            while len(self._images) > _REMEMBERED:
                self._images.popitem(last=False)
        return self._images[key]
