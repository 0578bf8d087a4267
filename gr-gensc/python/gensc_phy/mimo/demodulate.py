"""One multi-user frame: from the antennas' samples to every user's header and payload.

With a users' gains g_k (residual carrier offset, common phase) and drifts tau_k, carrier theta and
symbol m, antenna a hears

    Y[a,m] = sum over k of H[a,k] g_k(m) e^{-j theta tau_k m} X_k[m]  +  noise.

Gain and drift only scale the columns of H, so one separation filter per carrier serves the whole
frame, and what is left of every user after it is the single-user problem of `tracking`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gensc_phy.mimo.config import MimoConfig
from gensc_phy.mimo.equalise import Separation, error_variance
from gensc_phy.mimo.estimate import (
    first_user_path,
    joint_estimate,
    present_users,
    training_energy,
    users_training,
)
from gensc_phy.mimo.frame import Frame, UserBurst
from gensc_phy.mimo.ici import without_ici
from gensc_phy.mimo.separate import apply_filter, carrier_filter, payload_filter
from gensc_phy.mimo.sequences import frame_template, header_scrambling, payload_order
from gensc_phy.mimo.tracking import (
    carrier_basis,
    frame_noise,
    overhead_moments,
    payload_pilots,
    track_users,
)
from gensc_phy.waveform.demodulate import Samples, spectra
from gensc_phy.waveform.detect import Detection
from gensc_phy.waveform.estimate import PRE_CURSOR, delay_projection
from gensc_phy.waveform.header import Header, HeaderError
from gensc_phy.waveform.header_code import decode_header, encode_header
from gensc_phy.waveform.sequences import ce_carriers
from gensc_phy.waveform.tracking import Track, drift_ramp, residual_rotation

_TINY = 1e-12
# Least noise variance over the power of the signal: sums are divided by it in single precision.
_FLOOR = 1e-8


class FrameDemodulator:
    """Reads the headers and payloads of a frame that the detector has found.

    Args:
        cfg: uplink.
        separation: of the payload, "zf" or "mmse"; may be changed between frames. Headers are
            always read by MMSE.
    """

    def __init__(self, cfg: MimoConfig, separation: Separation = "mmse") -> None:
        self.cfg = cfg
        self.separation: Separation = separation
        w = cfg.waveform
        # From the first preamble sequence to the FFT window of the first training symbol.
        self.to_training = w.preamble_repeats * w.fft_size + w.cp_len
        self.to_payload = self.to_training + cfg.overhead_symbols * w.symbol_len
        self._smooth, self._rank = delay_projection(w)
        self._scrambling = header_scrambling(cfg)
        self._theta_data = carrier_basis(w)[w.data_positions, 1]
        self._template = frame_template(cfg)
        self._ce_energy = training_energy(cfg)

    # ------------------------------------------------------------------ extent

    def span(self, frame: Frame) -> int:
        """Samples from the first training window to the end of the last payload symbol."""
        w = self.cfg.waveform
        n = self.cfg.overhead_symbols + w.payload_ofdm_symbols(frame.header.length)
        return n * w.symbol_len

    def missing(self, frame: Frame, end: int) -> int:
        """Samples of the longest payload that lie at or beyond absolute index `end`."""
        w = self.cfg.waveform
        return max(0, frame.origin + self.span(frame) - w.cp_len - end)

    # ------------------------------------------------------------------ headers

    def acquire(self, samples: Samples, start: int, found: Detection) -> Frame:
        """Estimate the channels and read the headers of the frame detected at `start`.

        Raises:
            HeaderError: none can be read.
        """
        cfg, w = self.cfg, self.cfg.waveform
        n_all, cfo = cfg.overhead_symbols, found.cfo
        origin = start + self.to_training - PRE_CURSOR
        received = spectra(samples, origin, n_all, cfo, origin, w)[..., w.carriers]
        shift = first_user_path(received, cfg) - PRE_CURSOR
        if shift:
            origin += shift
            received = spectra(samples, origin, n_all, cfo, origin, w)[..., w.carriers]

        raw = users_training(received, cfg).mean(axis=2) / ce_carriers(w)
        h = raw @ self._smooth.T
        # What no channel of one cyclic prefix explains is noise.
        rest = float(np.sum(np.abs(raw - h) ** 2)) / (h.shape[0] * h.shape[1])
        floor = _FLOOR * float(np.mean(np.abs(h) ** 2)) + _TINY
        noise = max(rest * self._ce_energy / (w.occupied - self._rank), floor)
        users = present_users(h, noise, cfg)
        if not users:
            raise HeaderError("no user's training")
        known, h = self._template[users].copy(), h[:, users]
        errors = np.full(len(users), self._rank / w.occupied / self._ce_energy)
        spins = self._spins(received, known, h, noise)
        # The training symbols, whose mean H is, are centred in the middle of the user's turn.
        centre = np.array(users) * w.ce_symbols + (w.ce_symbols - 1) / 2
        h = h * np.exp(-1j * spins * centre).astype(np.complex64)[:, None]

        headers: dict[int, Header] = {}
        # What the first headers add to the estimate may make the others readable.
        for _ in range(2):
            new = self._read_headers(received, h, errors, spins, noise, users, headers)
            if not new:
                break
            headers |= new
            for user, header in new.items():
                coded = encode_header(header, w) * self._scrambling[user]
                known[users.index(user), cfg.training_symbols :, w.data_positions] = coded.T
            spins = self._spins(received, known, h, noise * (1 + errors.sum()))
            turns = np.exp(1j * np.outer(spins, np.arange(n_all))).astype(np.complex64)
            sent = known * turns[:, :, None]
            clean = without_ici(received, h, sent, spins, w)
            heard = [i for i, user in enumerate(users) if user in headers]
            h, errors = joint_estimate(clean, sent, h, noise, heard, cfg)
            if len(headers) == len(users):
                break
        if not headers:
            raise HeaderError("no user's header can be read")
        return Frame(
            users=users,
            headers=headers,
            origin=origin,
            cfo=cfo,
            metric=found.metric,
            known=known,
            received=clean,
            channel=h,
            channel_error=errors,
            spins=spins,
            noise=noise,
        )

    def _spins(
        self,
        received: NDArray[np.complex64],
        known: NDArray[np.complex64],
        h: NDArray[np.complex64],
        noise: float,
    ) -> NDArray[np.float64]:
        """Rotation of every user from symbol to symbol, rad; [U]."""
        moments = overhead_moments(received, known, h, noise, self.cfg)
        return np.array([residual_rotation(m.z[:, 0]) for m in moments])

    def _read_headers(
        self,
        received: NDArray[np.complex64],
        h: NDArray[np.complex64],
        errors: NDArray[np.float64],
        spins: NDArray[np.float64],
        noise: float,
        users: list[int],
        done: dict[int, Header],
    ) -> dict[int, Header]:
        """The headers that can be read, of users not in `done`."""
        w, first = self.cfg.waveform, self.cfg.training_symbols
        at = w.data_positions
        effective = noise * (1 + errors.sum())
        g, matrix = carrier_filter("mmse", h[..., at], effective)
        separated = apply_filter(g, received[:, first:, at])
        variance = error_variance(g, matrix, effective).T
        m = np.arange(first, self.cfg.overhead_symbols)
        headers = {}
        for i, user in enumerate(users):
            if user in done:
                continue
            turns = np.exp(-1j * spins[i] * m).astype(np.complex64)[:, None]
            symbols = separated[i] * turns * np.conj(self._scrambling[user])
            noise_var = np.broadcast_to(variance[i].astype(np.float32), symbols.shape)
            try:
                header = decode_header(symbols, noise_var, w)
            except HeaderError:
                continue
            if header.length <= w.max_payload:
                headers[user] = header
        return headers

    # ------------------------------------------------------------------ payload

    def payload(self, samples: Samples, frame: Frame, missing: int = 0) -> list[UserBurst]:
        """Separate and equalise the payloads; of the last `missing` samples nothing is used."""
        cfg, w = self.cfg, self.cfg.waveform
        n_train = cfg.overhead_symbols
        longest = w.payload_ofdm_symbols(frame.header.length)
        whole = max(0, longest - -(-missing // w.symbol_len))
        first = frame.origin + n_train * w.symbol_len
        received = spectra(samples, first, whole, frame.cfo, frame.origin, w)[..., w.carriers]
        # Payload symbols of every user; those whose header is not known do not count as known.
        heard = [i for i, user in enumerate(frame.users) if user in frame.headers]
        lengths = {
            i: min(whole, w.payload_ofdm_symbols(frame.headers[frame.users[i]].length))
            for i in heard
        }
        tracks = track_users(frame, received, lengths, cfg)
        # Twice: the first time tells what the users' offsets have spread over the carriers.
        first_look = self._separate(frame, received, lengths, tracks, frame.noise, "mmse")
        sent = self._as_sent(frame, first_look, tracks, whole)
        received = without_ici(received, frame.channel, sent, frame.spins, w)
        noise = frame_noise(frame, received, lengths, tracks, cfg)
        separated = self._separate(frame, received, lengths, tracks, noise, self.separation)
        return [
            self._burst(frame, i, symbols, variance, noise, tracks[i].drift)
            for i, (symbols, variance) in separated.items()
        ]

    def _separate(
        self,
        frame: Frame,
        received: NDArray[np.complex64],
        lengths: dict[int, int],
        tracks: dict[int, Track],
        noise: float,
        separation: Separation,
    ) -> dict[int, tuple[NDArray[np.complex64], NDArray[np.float32]]]:
        """Payload symbols of every user and their error variance, both [symbols, n_data]."""
        n_train, at = self.cfg.overhead_symbols, self.cfg.waveform.data_positions
        effective = noise * (1 + frame.channel_error.sum())
        g, matrix = payload_filter(separation, frame.channel[..., at], list(lengths), effective)
        separated = apply_filter(g, received[..., at])
        powers = np.ones((len(frame.users), received.shape[1]), dtype=np.float32)
        for i, n in lengths.items():
            gain = tracks[i].gain[n_train:]
            powers[i, :n] = gain.real**2 + gain.imag**2
            powers[i, n:] = 0
        leak = np.abs(g @ matrix).astype(np.float32) ** 2  # [carriers, heard, U]
        of_noise = (effective * (g.real**2 + g.imag**2).sum(axis=-1)).astype(np.float32)
        out = {}
        for row, (i, n) in enumerate(lengths.items()):
            gain = tracks[i].gain[n_train:, None]
            power = np.maximum(powers[i, :n, None], _TINY)
            symbols = separated[row, :n] * drift_ramp(tracks[i].drift, n_train, n, self._theta_data)
            symbols *= np.conj(gain) / power
            of_users = leak[:, row].T.copy()
            of_users[i] = 0
            variance = (powers[:, :n].T @ of_users + of_noise[:, row]) / power
            variance += np.float32(tracks[i].gain_error * noise / frame.noise)
            out[i] = (symbols, variance)
        return out

    def _as_sent(
        self,
        frame: Frame,
        separated: dict[int, tuple[NDArray[np.complex64], NDArray[np.float32]]],
        tracks: dict[int, Track],
        whole: int,
    ) -> NDArray[np.complex64]:
        """Payload carriers of every user as far as known, with its gain; [U, whole, occupied]."""
        cfg, w = self.cfg, self.cfg.waveform
        n_train = cfg.overhead_symbols
        sent = np.zeros((len(frame.users), whole, w.occupied), dtype=np.complex64)
        for i, (symbols, variance) in separated.items():
            n = len(symbols)
            # Shrunk towards 0 by what is noise in them.
            sent[i, :n, w.data_positions] = (symbols / (1 + variance)).T
            sent[i, :n, w.pilot_positions] = payload_pilots(frame, i, n, cfg)[0].T
            sent[i, :n] *= tracks[i].gain[n_train:, None]
        return sent

    def _burst(
        self,
        frame: Frame,
        i: int,
        symbols: NDArray[np.complex64],
        variance: NDArray[np.float32],
        noise: float,
        drift: float,
    ) -> UserBurst:
        w = self.cfg.waveform
        user = frame.users[i]
        header = frame.headers[user]
        here = min(header.length, symbols.size)
        out = np.zeros(header.length, dtype=np.complex64)
        out_var = np.full(header.length, np.inf, dtype=np.float32)
        variance = variance.ravel()[:here]
        order = payload_order(user, header.length)[:here]
        out[order], out_var[order] = symbols.ravel()[:here], variance
        snr = float(np.mean(1 / variance)) if here else _TINY
        return UserBurst(
            header=header,
            symbols=out,
            noise_var=out_var,
            snr_db=float(10 * np.log10(snr)),
            cfo_hz=(frame.cfo + frame.spins[i] / (2 * np.pi * w.symbol_len)) * w.sample_rate,
            start=frame.origin + PRE_CURSOR - self.to_training - w.cp_len,
            noise_power=noise,
            channel=frame.channel[:, i],
            metric=frame.metric,
            sampling_offset_ppm=drift / w.symbol_len * 1e6,
            user=user,
        )
