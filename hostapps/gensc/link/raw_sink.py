"""A stream into a raw recording, and the truth about what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gensc.system.errors import UserError
from gnuradio import gr
from gnuradio.gensc.sample_file import SampleFile, floats

#: Full scale of 16-bit samples.
SCALE = 32767.0


def integers(samples: NDArray[np.complex64]) -> memoryview:
    """Pairs of little-endian 16-bit integers of full scale one; what is larger is clipped."""
    pairs = np.ascontiguousarray(samples, np.complex64).view(np.float32) * np.float32(SCALE)
    return np.rint(np.clip(pairs, -32768, 32767)).astype("<i2").data.cast("B")


class RawSink(gr.sync_block):
    """Writes a stream to a new file; GNU Radio's File Sink is silent about a full disk.

    Args:
        path: its folder is made; what has the name is replaced, which is said.
        format: "cf32" or "ci16".

    Attributes:
        samples: in the file.
        error: why it ends before the stream did; "" where it does not.
        keep_going: let the samples by that can no longer be written, because other blocks take the
            same ones; False ends the stream instead.

    Raises:
        UserError: the file cannot be written.
    """

    def __init__(self, path: Path, format: Literal["cf32", "ci16"]) -> None:
        gr.sync_block.__init__(self, "raw_sink", [np.complex64], None)
        self.keep_going = True
        self._file = SampleFile(path, floats if format == "cf32" else integers)
        self._log = gr.logger("gensc.raw_sink")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_file() and path.stat().st_size:
                self._log.warn(f"{path}: is replaced")
            self._file.begin()
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}") from error

    @property
    def samples(self) -> int:
        """Samples in the file."""
        return self._file.samples

    @property
    def error(self) -> str:
        """Why the file ends before the stream did; "" where it does not."""
        return self._file.error

    def work(self, input_items: list[NDArray[np.complex64]], output_items: list[Any]) -> int:
        """Append the samples."""
        samples, before = input_items[0], self.error
        if not self._file.write(samples):
            if not before:
                told = f"{self._file.path}: {self.error}; {self.samples} samples are in it"
                self._log.warn(told)
            if not self.keep_going:
                return -1  # GNU Radio: no more
        return int(samples.size)

    def stop(self) -> bool:
        """Close the file."""
        self._file.end()
        return True
