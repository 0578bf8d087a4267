"""Folders of an archive, and the marks of what is being written."""

from __future__ import annotations

from pathlib import Path

IMAGES, WRITING = "images", "writing"


def name_of_mark(path: str) -> str:
    """What the mark of a picture is called; `path` is below the archive's folder, with "/"."""
    return path.replace("/", "=")


def marked_by(mark: Path) -> str:
    """The picture that a mark is of, below the archive's folder. No key has a "=" in it."""
    return mark.name.replace("=", "/")
