"""Simulated channel block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gnuradio import analog, blocks, channels, gr
from gnuradio.filter import firdes, pfb

from .errors import GenscError

_SINUSOIDS = 8  # of GNU Radio's fading simulator
_PHASES = 32  # of the resampler
_NOISE_POOL = 8192  # samples the noise is drawn from, as in GNU Radio's channel model
_NOISE_AHEAD = 512  # samples of noise made ahead


class channel(gr.hier_block2):
    """GNU Radio's channel models, with the SNR as Es/N0 and offsets in Hz and ppm.

    Noise of total variance 10^(-snr_db/10) per complex sample is added to what `burst_tx` sends
    with amplitude 1, whose data carriers have unit energy: Es/N0 on every payload symbol is then
    `snr_db`, times the channel's own gain. Tags do not pass: a receiver must not see a
    transmitter's.

    Args:
        snr_db: Es/N0 in dB; inf adds no noise.
        cfo_hz: carrier frequency offset.
        sample_offset_ppm: the receiver's clock is this much faster than the transmitter's.
        taps: impulse response at sample spacing; give it unit energy to keep the SNR. With fading
            their magnitudes are the delay profile.
        fading_hz: maximum Doppler shift of Rayleigh fading (one fader a tap); 0 is no fading.
        seed: of noise and fading; the same one gives the same channel. Not 0, which GNU Radio
            takes for the time of day.
        sample_rate: samples per second.
        rice_k: with fading, power of a steady path over that of the scattered ones (Rician); 0 is
            Rayleigh. Only of a single tap.

    Raises:
        GenscError: numbers that describe no channel.
    """

    def __init__(
        self,
        snr_db: float = 20.0,
        cfo_hz: float = 0.0,
        sample_offset_ppm: float = 0.0,
        taps: Sequence[complex] = (1.0,),
        fading_hz: float = 0.0,
        seed: int = 1,
        sample_rate: float = 1e6,
        rice_k: float = 0.0,
    ) -> None:
        if not len(taps) or sample_rate <= 0 or fading_hz < 0 or seed == 0 or rice_k < 0:
            raise GenscError("channel: taps must not be empty, sample_rate must be positive, "
                             "fading_hz and rice_k not negative and seed not 0")  # fmt: skip
        if rice_k and not _is_flat(taps):
            raise GenscError("channel: a steady path (rice_k) needs the one tap 1")
        gr.hier_block2.__init__(
            self,
            "channel",
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
            gr.io_signature(1, 1, gr.sizeof_gr_complex),
        )
        self.sample_rate = float(sample_rate)
        self._snr_db, self._cfo_hz = float(snr_db), float(cfo_hz)
        self._fader: Any = None
        fixed_taps = tuple(complex(t) for t in taps)
        gate = blocks.tag_gate(gr.sizeof_gr_complex, False)
        chain: list[Any] = [self, gate]
        if sample_offset_ppm:
            chain.append(_resampler(1 + sample_offset_ppm * 1e-6))
        if fading_hz:
            self._fader = _fading(fixed_taps, fading_hz / self.sample_rate, seed, float(rice_k))
            chain.append(self._fader)
            fixed_taps = (1 + 0j,)
        self._model = channels.channel_model(
            noise_voltage=0.0,
            frequency_offset=self._cfo_hz / self.sample_rate,
            epsilon=1.0,
            taps=fixed_taps,
            noise_seed=seed,
            block_tags=True,
        )
        # Not the model's own noise: it is made ahead, 8192 samples in the buffer, and a new SNR
        # would hold only behind them.
        self._noise = analog.fastnoise_source_c(
            analog.GR_GAUSSIAN, self._noise_voltage(), seed, _NOISE_POOL
        )
        self._noise.set_max_output_buffer(_NOISE_AHEAD)
        adder = blocks.add_cc()
        self.connect(*chain, self._model, (adder, 0))
        self.connect(self._noise, (adder, 1))
        self.connect(adder, self)

    def _noise_voltage(self) -> float:
        # The noise source's samples have total variance voltage^2, half of it in I and half in Q.
        return float(np.sqrt(10 ** (-self._snr_db / 10)))

    def snr_db(self) -> float:
        """Es/N0 in dB."""
        return self._snr_db

    def set_snr_db(self, snr_db: float) -> None:
        """Es/N0 in dB, from now on (within a thousand samples)."""
        self._snr_db = float(snr_db)
        self._noise.set_amplitude(self._noise_voltage())

    def cfo_hz(self) -> float:
        """Carrier frequency offset in Hz."""
        return self._cfo_hz

    def set_cfo_hz(self, cfo_hz: float) -> None:
        """Carrier frequency offset in Hz, from now on."""
        self._cfo_hz = float(cfo_hz)
        self._model.set_frequency_offset(self._cfo_hz / self.sample_rate)

    def set_taps(self, taps: Sequence[complex]) -> None:
        """Impulse response, from now on; of a channel without fading.

        Raises:
            GenscError: the channel fades.
        """
        if self._fader is not None:
            raise GenscError("channel: the taps of a fading channel are fixed")
        self._model.set_taps([complex(t) for t in taps])

    def set_fading_hz(self, fading_hz: float) -> None:
        """Maximum Doppler shift, from now on; of a channel that was made with fading.

        Raises:
            GenscError: it was not.
        """
        if self._fader is None:
            raise GenscError("channel: made without fading")
        self._fader.set_fDTs(fading_hz / self.sample_rate)


def _is_flat(taps: Sequence[complex]) -> bool:
    """Whether the channel is one tap of magnitude 1."""
    return abs(taps[0]) == 1 and not any(taps[1:])


def _fading(taps: Sequence[complex], doppler: float, seed: int, rice_k: float) -> Any:
    if _is_flat(taps):
        return channels.fading_model(_SINUSOIDS, doppler, rice_k > 0, rice_k, seed)
    delays = [float(i) for i, tap in enumerate(taps) if tap]
    mags = [abs(tap) for tap in taps if tap]
    # Whole delays, and one tap more than the longest: its interpolator is exact there.
    return channels.selective_fading_model(
        _SINUSOIDS, doppler, False, 0.0, seed, delays, mags, len(taps) + 1
    )


def _resampler(rate: float) -> Any:
    """A resampler that keeps all carriers; GNU Radio's 8-tap interpolator bends the outer ones."""
    taps = firdes.low_pass_2(_PHASES, _PHASES, 0.5, 0.15, 80)
    return pfb.arb_resampler_ccf(rate, taps=taps, flt_size=_PHASES)
