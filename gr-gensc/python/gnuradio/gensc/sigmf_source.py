"""SigMF source block."""

from __future__ import annotations

from typing import Any

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
        n = self.recording.samples
        # A file of no bytes cannot be mapped.
        self._values: NDArray[Any] = (
            np.memmap(self.recording.data_path, kind, "r", shape=(n, 2))
            if n
            else np.zeros((0, 2), kind)
        )
        self._played = 0
        set_output_buffer(self, 1 << 16)

    def start(self) -> bool:
        """Begin with the first sample."""
        self._played = 0
        return True

    def set_repeat(self, repeat: bool) -> None:
        """Whether to start again after the last sample."""
        self.repeat = bool(repeat)

    def work(self, input_items: list[Any], output_items: list[NDArray[np.complex64]]) -> int:
        """The next samples; the end after the last one."""
        out = output_items[0]
        if self.repeat and self._played == len(self._values):
            self._played = 0
        part = self._values[self._played : self._played + out.size]
        if not len(part):
            return -1
        pairs = out[: len(part)].view(np.float32).reshape(-1, 2)
        np.subtract(part, self._offset, out=pairs, casting="unsafe")
        if self._scale != 1:
            pairs *= np.float32(self._scale)
        self._played += len(part)
        return len(part)
