"""Files of samples that are written as they come."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Encode = Callable[[NDArray[np.complex64]], bytes | memoryview]


def floats(samples: NDArray[np.complex64]) -> memoryview:
    """Pairs of little-endian floats: cf32_le, as GNU Radio's File Sink writes them."""
    return np.ascontiguousarray(samples, "<c8").data.cast("B")


class SampleFile:
    """A file that grows by whole samples until it cannot: then it ends with the last whole one.

    A full disk must end neither the process nor what reads the same samples beside it. So nothing
    raises; what could not be written is told.

    Args:
        path: of the file.
        encode: the bytes of samples, the same number for each.

    Attributes:
        samples: in the file.
        error: why nothing is written any more; "" while all is.
    """

    def __init__(self, path: Path, encode: Encode = floats) -> None:
        self.path = path
        self.samples = 0
        self.error = ""
        self._encode = encode
        self._descriptor: int | None = None

    def begin(self) -> None:
        """A new file, not the old one emptied: somebody may be reading that.

        Raises:
            OSError: it cannot be made.
        """
        self.samples, self.error = 0, ""
        self.path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._descriptor = os.open(self.path, flags, 0o666)

    def write(self, samples: NDArray[np.complex64]) -> bool:
        """Append samples; False where not all of them could be."""
        assert self._descriptor is not None
        if self.error or not samples.size:
            return not self.error
        data = memoryview(self._encode(samples))
        each = len(data) // samples.size
        done = 0
        try:
            while done < len(data):
                done += os.write(self._descriptor, data[done:])
        except OSError as error:
            self.error = error.strerror or str(error)
        self.samples += done // each
        if done % each:
            os.ftruncate(self._descriptor, self.samples * each)
        return not self.error

    def end(self) -> None:
        """Close it; on the disk from here on, where it could be brought there."""
        if self._descriptor is None:
            return
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            self.error = self.error or error.strerror or str(error)
        finally:
            os.close(self._descriptor)
            self._descriptor = None
