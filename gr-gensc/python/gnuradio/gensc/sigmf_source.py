"""SigMF source block."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gnuradio import gr

from .buffers import set_output_buffer
from .errors import GenscError
from .sigmf_files import DATATYPES, open_recording


class sigmf_source(gr.sync_block):
    """Plays a SigMF recording (PATH.sigmf-data with PATH.sigmf-meta), then ends.

    Complex float and integer samples are read; integers become ±1. A recording that was cut short
    is played as far as it goes, with one line that says so.

    Args:
        path: with or without one of the two suffixes.
        sample_rate: what the flowgraph expects; another one in the metadata is refused. 0 accepts
            any.
        repeat: start again after the last sample, for ever.

    Raises:
        GenscError: a file is missing, the metadata is not valid, or the rate is another one.
    """

    def __init__(self, path: str, sample_rate: float = 0.0, repeat: bool = False) -> None:
        gr.sync_block.__init__(self, "sigmf_source", None, [np.complex64])
        self.recording = open_recording(path)
        self.repeat = bool(repeat)
        recorded = self.recording.sample_rate
        if sample_rate and recorded and recorded != sample_rate:
            raise GenscError(
                f"{path}: recorded at {recorded:g} samples/s, the flowgraph expects {sample_rate:g}"
            )
        if self.recording.damage:
            gr.logger("gensc.sigmf_source").warn(
                f"{self.recording.data_path}: {self.recording.damage}; playing what is there"
            )
        kind, self._offset, self._scale = DATATYPES[self.recording.datatype]
        self._kind: np.dtype[Any] = np.dtype(kind)
        # Read, not mapped: a file that somebody shortens meanwhile would end the process (SIGBUS).
        try:
            self._file: BinaryIO = self.recording.data_path.open("rb")
        except OSError as error:
            raise GenscError(f"{self.recording.data_path}: {error.strerror}") from error
        self._played = 0
        set_output_buffer(self, 1 << 16)

    def start(self) -> bool:
        """Begin with the first sample."""
        self._rewind()
        return True

    def set_repeat(self, repeat: bool) -> None:
        """Whether to start again after the last sample."""
        self.repeat = bool(repeat)

    def work(self, input_items: list[Any], output_items: list[NDArray[np.complex64]]) -> int:
        """The next samples; the end after the last one."""
        out = output_items[0]
        if self.repeat and self._played == self.recording.samples:
            self._rewind()
        part = self._next(out.size)
        if not len(part):
            return -1
        pairs = out[: len(part)].view(np.float32).reshape(-1, 2)
        np.subtract(part, self._offset, out=pairs, casting="unsafe")
        if self._scale != 1:
            pairs *= np.float32(self._scale)
        return len(part)

    def _rewind(self) -> None:
        self._file.seek(0)
        self._played = 0

    def _next(self, count: int) -> NDArray[Any]:
        """At most ``count`` of the samples to come, ``n x 2``; none at the end."""
        wanted = min(count, self.recording.samples - self._played)
        read = self._file.read(2 * self._kind.itemsize * wanted)
        part = np.frombuffer(read, self._kind, 2 * (len(read) // (2 * self._kind.itemsize)))
        self._played += len(part) // 2
        if len(part) < 2 * wanted:
            gr.logger("gensc.sigmf_source").warn(
                f"{self.recording.data_path}: has become shorter: ends after {self._played} of "
                f"{self.recording.samples} samples"
            )
            self._played = self.recording.samples
            self.repeat = False
        return part.reshape(-1, 2)
