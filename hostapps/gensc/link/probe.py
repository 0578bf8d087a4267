"""Listening to a radio for a while: what it does, and what is on the air."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gensc.link.driver_output import caught
from gensc.link.level import Level
from gensc.link.offset import receiver_config
from gensc.link.radio import Place, RadioSettings, open_source
from gensc.system.codecs import gnuradio_blocks

_POLL_S = 0.05
#: A receiver that is slower than the samples gets so much longer to hear them.
_LATE = 10


@dataclass
class Heard:
    """What a receiver heard.

    Attributes:
        tuned: what the device says that it does, in a line; "" where it is none.
        samples: received.
        level: of them.
        bursts, headers_bad: bursts read, and preambles whose header could not be.
        cfo_hz: carrier offset of the bursts, median; None without one.
        bad_cfo_hz: of the last header that could not be read; None without one.
        snr_db: of the bursts, median.
        clock_ppm: cfo_hz against the carrier.
        overflows: losses of samples.
    """

    tuned: str = ""
    samples: int = 0
    level: Level = field(default_factory=Level)
    bursts: int = 0
    headers_bad: int = 0
    cfo_hz: float | None = None
    bad_cfo_hz: float | None = None
    snr_db: float | None = None
    clock_ppm: float | None = None
    overflows: int = 0

    def lines(self) -> list[str]:
        """All of it for people, and what to do about it."""
        lines = [self.tuned] if self.tuned else []
        lines.append(
            f"level {self.level.rms_dbfs:.1f} dBFS, peak {self.level.peak_dbfs:.1f} dBFS, "
            f"{self.level.clipped} of {self.samples} samples clipped, "
            f"DC {self.level.dc_dbc:.0f} dBc, image {self.level.image_dbc:.0f} dBc"
        )
        if self.overflows:
            lines.append(f"{self.overflows} overflows: a lower sample rate, or another USB port")
        # What full scale is in a recording of floats, nobody knows.
        if self.tuned and self.level.clipped:
            lines.append("clipping: less gain, or an attenuator")
        elif self.tuned and self.level.peak_dbfs < -50:
            lines.append("hardly any level: more gain, or look at antenna and cable")
        if self.bursts:
            assert self.cfo_hz is not None
            ppm = "" if self.clock_ppm is None else f" ({self.clock_ppm:+.2f} ppm)"
            lines.append(
                f"{self.bursts} bursts, Es/N0 {self.snr_db:.1f} dB, carrier "
                f"{self.cfo_hz / 1e3:+.2f} kHz off{ppm}"
            )
        else:
            lines.append("no burst")
        if self.headers_bad:
            assert self.bad_cfo_hz is not None
            lines.append(
                f"{self.headers_bad} headers not readable, the last {self.bad_cfo_hz / 1e3:+.1f} "
                "kHz off"
            )
        return lines


class Listener:
    """A receiver that decodes nothing; its gain can be changed while it runs.

    Args:
        place: where the samples come from.
        radio: what a radio is told.

    Raises:
        UserError: it cannot be opened.
    """

    def __init__(self, place: Place, radio: RadioSettings) -> None:
        from gensc.link.blocks import PduCollector, StreamGate
        from gnuradio import gr

        gensc = gnuradio_blocks()
        self._frequency = radio.frequency
        self.source = open_source(place, radio)
        recording = getattr(self.source, "recording", None)
        rate = (recording.sample_rate if recording else None) or radio.sample_rate
        self._top = gr.top_block("gensc_listen", catch_exceptions=False)
        self._gate, self._rx = StreamGate(), gensc.burst_rx(receiver_config(rate, None))
        self._rate = rate
        self._ended = threading.Event()
        self._waiter = threading.Thread(target=self._wait, daemon=True)
        self._seen: list[Any] = []
        self._before = 0, 0  # headers not readable and restarts, when it was listened last
        self._bursts = PduCollector(np.complex64, on_pdu=lambda seen: self._seen.append(seen))
        self._top.connect(self.source, self._gate, self._rx)
        self._top.msg_connect((self._rx, "fragment"), (self._bursts, "in"))

    def listen(self, seconds: float) -> Heard:
        """For so long, or to the end of a recording; what has come since the last time."""
        with caught() as printed:
            # By the receiver's count: a computer that is late hears as much as another one.
            enough = self._rx.stats.samples + seconds * self._rate
            deadline = time.monotonic() + _LATE * seconds + 1
            while self._rx.stats.samples < enough and time.monotonic() < deadline:
                if self._ended.wait(_POLL_S):
                    break
        seen, self._seen = self._seen, []
        level, self._gate.level = self._gate.level, Level()
        bad, restarts = self._rx.stats.headers_bad, self._gate.restarts
        new_bad, overflows = bad - self._before[0], restarts - self._before[1]
        self._before = bad, restarts
        offsets = [s.metadata.cfo_hz for s in seen]
        cfo = float(np.median(offsets)) if offsets else None
        tuned = getattr(self.source, "tuned", None)
        return Heard(
            tuned=tuned.line() if tuned else "",
            samples=level.samples,
            level=level,
            bursts=len(seen),
            headers_bad=new_bad,
            cfo_hz=cfo,
            bad_cfo_hz=self._rx.stats.bad_cfo_hz if new_bad else None,
            snr_db=float(np.median([s.metadata.snr_db for s in seen])) if seen else None,
            clock_ppm=None if cfo is None else cfo / self._frequency * 1e6,
            overflows=printed.overflows + overflows,
        )

    def _wait(self) -> None:
        self._top.wait()
        self._ended.set()

    def __enter__(self) -> Listener:
        """Start."""
        self._top.start()
        self._waiter.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._gate.close()
        self._top.stop()
        self._waiter.join()
