"""SigMF sink block."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gnuradio import gr

from .burst_tags import BurstLog
from .errors import GenscError
from .sigmf_files import recording_files, write_meta


class sigmf_sink(gr.sync_block):
    """Writes the stream as a SigMF recording: PATH.sigmf-data and PATH.sigmf-meta (cf32_le).

    The metadata is written at the start, so that an interrupted recording can be read, and again
    at the end with the checksum of the data, and with an annotation for every section that a
    `burst_tx` before it has sent: image, codec, SHA-256 of its weights, bandwidth ratio. A
    recording of that name is replaced, which is said; who reads the old one keeps it.

    Args:
        path: with or without one of the two suffixes; its folder is made.
        sample_rate: samples per second.
        center_frequency: Hz; 0 for baseband.
        description: a line for people.

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
        self.samples = 0
        self._start_time = ""
        self._log = BurstLog()
        self._file: BinaryIO | None = None
        try:
            self.data_path.parent.mkdir(parents=True, exist_ok=True)
            self.data_path.open("ab").close()
            if self.data_path.stat().st_size:
                gr.logger("gensc.sigmf_sink").warn(f"{self.data_path}: is replaced")
        except OSError as error:
            raise GenscError(f"{self.data_path}: {error.strerror}") from error

    def start(self) -> bool:
        """Begin the recording."""
        self.samples = 0
        self._log = BurstLog()
        self._start_time = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        # A new file, not the old one emptied: somebody may be reading that.
        self.data_path.unlink(missing_ok=True)
        self._file = self.data_path.open("xb")
        self._write_meta(None)
        return True

    def work(self, input_items: list[NDArray[np.complex64]], output_items: list[Any]) -> int:
        """Append the samples."""
        samples = input_items[0]
        self.write(samples)
        self._log.add(self.get_tags_in_window(0, 0, len(samples)))
        return int(samples.size)

    def write(self, samples: NDArray[np.complex64]) -> None:
        """Append samples to a recording that has begun."""
        assert self._file is not None
        self._file.write(samples.astype("<c8", copy=False).data)
        self.samples += samples.size

    def stop(self) -> bool:
        """End the recording and seal it with its checksum."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._write_meta(self.data_path)
        return True

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
