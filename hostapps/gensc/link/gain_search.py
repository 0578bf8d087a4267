"""Gain of a receiver by trying: SNR, level and clipping at every one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from gensc.link.calibration import Calibration
from gensc.link.probe import Heard, Listener
from gensc.link.radio import Place, RadioSettings, open_sink
from gensc.system.errors import UserError
from gensc_phy import BurstModulator, Header, Section, WaveformConfig
from gensc_phy.channel.impairments import complex_noise
from gnuradio.gensc.radio.limits import limits

#: Amplitude of the bursts: their peaks are then just below full scale.
AMPLITUDE = 0.2
#: Payload OFDM symbols of a burst, and silence behind it, samples.
_SYMBOLS, _SILENCE = 8, 2000
_STEPS = 8


def default_gains(place: Place) -> list[float]:
    """Gains over the whole range of a receiver.

    Raises:
        UserError: its range is not known before it is opened.
    """
    known = limits(place.kind, place.name)
    if known is None or known.gain_rx is None:
        raise UserError(f"{place}: its gains are not known; give --gains, as in 0:70:10")
    return [float(round(g)) for g in np.linspace(*known.gain_rx, _STEPS)]


@contextmanager
def beacon(place: Place, radio: RadioSettings) -> Iterator[str]:
    """Sends short bursts for as long as it is open; gives what the device says that it does.

    Raises:
        UserError: the device cannot be opened.
    """
    from gnuradio import blocks, gr

    config = WaveformConfig(sample_rate=radio.sample_rate)
    payload = complex_noise(_SYMBOLS * config.n_data, 1.0, np.random.default_rng(0))
    header = Header(
        session=0, image_id=0, weights=0, section=Section.ANALOG, stream=0, fragment=0,
        fragments=1, rate=1, height=16, width=16, total=len(payload),
    )  # fmt: skip
    burst = BurstModulator(config).modulate(header, payload)
    samples = np.concatenate([burst, np.zeros(_SILENCE, np.complex64)]) * np.float32(AMPLITUDE)
    top = gr.top_block("gensc_beacon", catch_exceptions=False)
    source, sink = blocks.vector_source_c(samples.tolist(), True), open_sink(place, radio)
    top.connect(source, sink)
    top.start()
    tuned: Any = getattr(sink, "tuned", None)
    try:
        yield tuned.line() if tuned else str(place)
    finally:
        top.stop()
        top.wait()


def search(
    place: Place,
    radio: RadioSettings,
    gains: Sequence[float],
    seconds: float,
    each: Callable[[float, Heard], None],
) -> Calibration:
    """Listen at every gain; the best has the highest SNR of those that do not clip.

    Args:
        place, radio: the receiver.
        gains: dB.
        seconds: at each.
        each: told what was heard at a gain.

    Raises:
        UserError: the receiver cannot be opened, or no burst was heard at any gain.
    """
    found: list[tuple[float, float, float]] = []
    with Listener(place, radio) as listener:
        for gain in gains:
            listener.source.set_gain(gain)
            # What was received before lies in buffers still.
            listener.listen(min(0.3, seconds))
            heard = listener.listen(seconds)
            each(gain, heard)
            if heard.bursts and not heard.level.clipped:
                assert heard.snr_db is not None
                assert heard.clock_ppm is not None
                found.append((heard.snr_db, gain, heard.clock_ppm))
    if not found:
        raise UserError(
            f"{place}: no burst without clipping at any gain; is a sender there "
            "(gensc send --repeat 0, or --tx-radio), on the same frequency?"
        )
    best = max(snr for snr, _, _ in found)
    # Within a decibel of the best, the lowest gain: it has the most headroom.
    gain = min(g for snr, g, _ in found if snr > best - 1)
    # The receiver hears the carrier high by as much as its own clock is slow.
    ppm = -float(np.median([p for _, _, p in found]))
    return Calibration(
        str(place), radio.frequency, radio.sample_rate, rx_gain=gain, ppm=radio.ppm + ppm
    )
