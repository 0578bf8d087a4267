"""Data sets named on the command line, with every mistake in one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gensc.system.errors import UserError

if TYPE_CHECKING:
    from gensc_models.data.datasets import Dataset, Example, Split


def load_dataset(text: str, split: Split = "test", option: str = "--data") -> Dataset:
    """The data set that ``text`` names; see :func:`gensc_models.data.datasets.open_dataset`.

    Args:
        text: duts:PATH, voc:PATH, PATH or PATH+MASKS.
        split: part of DUTS and VOC.
        option: that gave the text, for the message.

    Raises:
        UserError: nothing there, or a part of the data set is missing.
    """
    from gensc_models.data.datasets import open_dataset

    try:
        return open_dataset(text, split)
    except (OSError, ValueError) as error:
        raise UserError(f"{option}: {error}") from None


def examples(dataset: Dataset) -> Iterator[Example]:
    """The examples of a data set, read one by one.

    Raises:
        UserError: a file is missing or damaged.
    """
    for entry in dataset.entries:
        try:
            yield entry.load()
        except ValueError as error:
            raise UserError(str(error)) from None
