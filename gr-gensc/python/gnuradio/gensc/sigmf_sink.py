"""SigMF sink block."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnuradio import gr

from .burst_tags import BurstLog
from .errors import GenscError
from .sample_file import SampleFile
from .sigmf_files import recording_files, write_meta


class sigmf_sink(gr.sync_block):
    """Writes the stream as a SigMF recording: PATH.sigmf-data and PATH.sigmf-meta (cf32_le).

    The metadata is written at the start, so that an interrupted recording can be read, and again
    at the end with the checksum of the data, and with an annotation for every section that a
    `burst_tx` before it has sent: image, codec, SHA-256 of its weights, bandwidth ratio. A
    recording of that name is replaced, which is said; who reads the old one keeps it.

    Where the disk is full the recording ends with the last whole sample, which is said.

    Args:
        path: with or without one of the two suffixes; its folder is made.
        sample_rate: samples per second.
        center_frequency: Hz; 0 for baseband.
        description: a line for people.

    Attributes:
        samples: in the recording.
        error: why it ends before the stream did; "" where it does not.
        keep_going: let the samples by that can no longer be written, because other blocks take the
            same ones; False ends the stream instead.

    Raises:
        GenscError: the files cannot be written.
    """

    def __init__(
        self,
        path: str,
        sample_rate: float,
        center_frequency: float = 0.0,
        description: str = "gr-gensc bursts",
    ) -> None:
        gr.sync_block.__init__(self, "sigmf_sink", [np.complex64], None)
        self.data_path, self.meta_path = recording_files(path)
        self.sample_rate = float(sample_rate)
        self.center_frequency = float(center_frequency)
        self.description = description
        self.keep_going = True
        self._start_time = ""
        self._log = BurstLog()
        self._file = SampleFile(self.data_path)
        self._writing = False
        try:
            self.data_path.parent.mkdir(parents=True, exist_ok=True)
            self.data_path.open("ab").close()
            if self.data_path.stat().st_size:
                gr.logger("gensc.sigmf_sink").warn(f"{self.data_path}: is replaced")
        except OSError as error:
            raise GenscError(f"{self.data_path}: {error.strerror}") from error

    @property
    def samples(self) -> int:
        """Samples in the recording."""
        return self._file.samples

    @property
    def error(self) -> str:
        """Why the recording ends before the stream did; "" where it does not."""
        return self._file.error

    def start(self) -> bool:
        """Begin the recording."""
        self._log = BurstLog()
        self._start_time = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self._file.begin()
        self._writing = True
        self._write_meta(None)
        return True

    def work(self, input_items: list[NDArray[np.complex64]], output_items: list[Any]) -> int:
        """Append the samples."""
        samples = input_items[0]
        if not self.write(samples) and not self.keep_going:
            return -1  # GNU Radio: no more
        self._log.add(self.get_tags_in_window(0, 0, len(samples)))
        return int(samples.size)

    def write(self, samples: NDArray[np.complex64]) -> bool:
        """Append samples to a recording that has begun; False where it cannot be."""
        before = self.error
        whole = self._file.write(samples)
        if not whole and not before:
            self._say(self.data_path, self.error)
        return whole

    def stop(self) -> bool:
        """End the recording and seal it with its checksum."""
        if self._writing:
            self._writing = False
            self._file.end()
            try:
                self._write_meta(self.data_path)
            except OSError as error:  # what was written at the start still reads the samples
                self._file.error = self.error or error.strerror or str(error)
                self._say(self.meta_path, self.error)
        return True

    def _say(self, path: Path, why: str) -> None:
        gr.logger("gensc.sigmf_sink").warn(f"{path}: {why}; {self.samples} samples are in it")

    def _write_meta(self, sealed: Path | None) -> None:
        write_meta(
            self.meta_path,
            sample_rate=self.sample_rate,
            center_frequency=self.center_frequency,
            description=self.description,
            start_time=self._start_time,
            sealed=sealed,
            annotations=self._log.annotations(),
        )
