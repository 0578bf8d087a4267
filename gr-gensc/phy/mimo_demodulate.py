"""One multi-user frame: from the antennas' samples to every user's header and payload.

With a users' gains g_k (residual carrier offset, common phase) and drifts tau_k, carrier theta and
symbol m, antenna a hears

    Y[a,m] = sum over k of H[a,k] g_k(m) e^{-j theta tau_k m} X_k[m]  +  noise.

Gain and drift only scale the columns of H, so one separation filter per carrier serves the whole
frame, and what is left of every user after it is the single-user problem of `tracking`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .demodulate import Burst, Samples, spectra
from .detect import Detection
from .estimate import PRE_CURSOR, delay_projection, first_path
from .header import Header, HeaderError
from .header_code import decode_header, encode_header
from .mimo_config import MimoConfig
from .mimo_equalise import Separation, error_variance, separation_filter, zf_filter
from .mimo_sequences import header_scrambling, payload_order, user_pilots
from .sequences import ce_carriers
from .tracking import Moments, Track, drift_ramp, residual_rotation, track

_TINY = 1e-12
# Standard deviations by which the energy of a user's training must exceed that of noise.
_PRESENT = 6.0
# Mean energy of a Gaussian smoother's row: symbols per degree of freedom and time constant.
_SMOOTHER_DOF = np.sqrt(2 * np.pi)


@dataclass(frozen=True)
class UserBurst(Burst):
    """One user's burst out of a frame.

    As `Burst`, with `snr_db` measured behind the separation: the mean of 1/noise_var over the
    payload, so interference and the errors of the estimates are in it. `channel` is
    [antennas, occupied].

    Attributes:
        user: whose it is, 0 … users - 1.
    """

    user: int


@dataclass(frozen=True)
class Frame:
    """A frame whose headers are read and whose payload may still be arriving.

    The axis `users` has those that were heard sending; of some the header may be unreadable.

    Attributes:
        users: their numbers, [U].
        headers: decoded headers by user.
        origin: absolute index of the first training symbol's FFT window.
        cfo: common carrier offset, cycles per sample.
        metric: detection metric.
        known: carriers of training and header as sent, 0 where not known; [U, overhead, occupied].
        received: the same as received, [A, overhead, occupied].
        channel: H at the first training symbol, [A, U, occupied].
        channel_error: error variance of its entries over the noise variance, [U].
        spins: residual rotation of every user, rad per symbol, [U].
        noise: noise variance per antenna and carrier.
    """

    users: list[int]
    headers: dict[int, Header]
    origin: int
    cfo: float
    metric: float
    known: NDArray[np.complex64]
    received: NDArray[np.complex64]
    channel: NDArray[np.complex64]
    channel_error: NDArray[np.float64]
    spins: NDArray[np.float64]
    noise: float

    @property
    def header(self) -> Header:
        """The header of the longest payload."""
        return max(self.headers.values(), key=lambda h: h.length)

    @property
    def unheard(self) -> int:
        """Users whose header could not be read."""
        return len(self.users) - len(self.headers)


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
        self._pilots = user_pilots(cfg)
        self._scrambling = header_scrambling(cfg)
        theta = (2 * np.pi / w.fft_size * w.carriers).astype(np.float32)
        self._theta_data = theta[w.data_positions]
        self._basis = Moments.basis(theta)
        self._basis_pilots = self._basis[w.pilot_positions]
        n_ce = w.ce_symbols
        template = np.zeros((cfg.users, cfg.overhead_symbols, w.occupied), dtype=np.complex64)
        for user in range(cfg.users):
            template[user, user * n_ce : (user + 1) * n_ce] = ce_carriers(w)
        template[:, cfg.training_symbols :, w.pilot_positions] = self._pilots[:, : w.header_symbols]
        self._template = template
        self._ce_energy = float(np.mean(np.abs(ce_carriers(w)) ** 2)) * n_ce

    # ------------------------------------------------------------------ extent

    def span(self, header: Header) -> int:
        """Samples from the first training window to the end of the last payload symbol."""
        w = self.cfg.waveform
        n = self.cfg.overhead_symbols + w.payload_ofdm_symbols(header.length)
        return n * w.symbol_len

    def missing(self, frame: Frame, end: int) -> int:
        """Samples of the longest payload that lie at or beyond absolute index `end`."""
        w = self.cfg.waveform
        return max(0, frame.origin + self.span(frame.header) - w.cp_len - end)

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
        shift = self._first_path(received) - PRE_CURSOR
        if shift:
            origin += shift
            received = spectra(samples, origin, n_all, cfo, origin, w)[..., w.carriers]

        raw = self._turns(received).mean(axis=2) / ce_carriers(w)
        h = raw @ self._smooth.T
        # What no channel of one cyclic prefix explains is noise.
        rest = float(np.sum(np.abs(raw - h) ** 2)) / (h.shape[0] * h.shape[1])
        noise = max(rest * self._ce_energy / (w.occupied - self._rank), _TINY)
        users = self._present(h, noise)
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
                sent = encode_header(header, w) * self._scrambling[user]
                known[users.index(user), cfg.training_symbols :, w.data_positions] = sent.T
            spins = self._spins(received, known, h, noise * (1 + errors.sum()))
            h, errors = self._estimate(received, known, h, spins, noise, users, headers)
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
            received=received,
            channel=h,
            channel_error=errors,
            spins=spins,
            noise=noise,
        )

    def _turns(self, received: NDArray[np.complex64]) -> NDArray[np.complex64]:
        """Training symbols by user; [A, users, ce_symbols, occupied]."""
        training = received[:, : self.cfg.training_symbols]
        return training.reshape(len(received), self.cfg.users, -1, training.shape[-1])

    def _first_path(self, received: NDArray[np.complex64]) -> int:
        """Delay of the first path of the first user, samples from the FFT window."""
        w = self.cfg.waveform
        turns = self._turns(received)
        mean = turns.mean(axis=2)
        energy = np.sum(np.abs(mean) ** 2, axis=(0, 2))
        spread = np.sum(np.abs(turns - mean[:, :, None]) ** 2, axis=(0, 2, 3))
        # Twice the energy that the same noise leaves in the mean: not a silent user's.
        noise = spread / ((w.ce_symbols - 1) * w.ce_symbols)
        heard = [k for k in range(self.cfg.users) if energy[k] > 2 * noise[k]]
        ce = ce_carriers(w)
        return min(
            (first_path(mean[:, k] / ce, w) for k in heard),
            default=first_path((mean / ce).reshape(-1, w.occupied), w),
        )

    def _present(self, h: NDArray[np.complex64], noise: float) -> list[int]:
        """Users whose training was heard; a silent one's would be a column of noise."""
        dof = self._rank * h.shape[0]
        of_noise = noise / self._ce_energy * dof
        energy = np.sum(np.abs(h) ** 2, axis=(0, 2))
        return [int(k) for k in np.flatnonzero(energy > of_noise * (1 + _PRESENT / np.sqrt(dof)))]

    def _spins(
        self,
        received: NDArray[np.complex64],
        known: NDArray[np.complex64],
        h: NDArray[np.complex64],
        noise: float,
    ) -> NDArray[np.float64]:
        """Rotation of every user from symbol to symbol, rad; [U]."""
        moments = self._overhead_moments(received, known, h, noise)
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
        g, matrix = _filter("mmse", h[..., at], effective)
        separated = _apply(g, received[:, first:, at])
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

    def _estimate(
        self,
        received: NDArray[np.complex64],
        known: NDArray[np.complex64],
        h: NDArray[np.complex64],
        spins: NDArray[np.float64],
        noise: float,
        users: list[int],
        headers: dict[int, Header],
    ) -> tuple[NDArray[np.complex64], NDArray[np.float64]]:
        """Joint least squares of all users from everything known; see Frame.channel(_error).

        Where the header of a user is not known, all that it sends there is noise to the others,
        and the cells weigh as little as that makes them worth.
        """
        cfg, w = self.cfg, self.cfg.waveform
        m = np.arange(cfg.overhead_symbols)
        turns = np.exp(1j * np.outer(spins, m)).astype(np.complex64)
        sent = known * turns[:, :, None]
        weight = np.ones((cfg.overhead_symbols, w.occupied), dtype=np.float32)
        strangers = [i for i, user in enumerate(users) if user not in headers]
        power = float(np.sum(np.mean(np.abs(h[:, strangers]) ** 2, axis=(0, 2))))
        weight[cfg.training_symbols :, w.data_positions] = noise / (noise + power)
        # Carriers first: one small system of equations each.
        s = np.moveaxis(sent, -1, 0)
        weighted = np.conj(s) * weight.T[:, None, :]
        gram = weighted @ np.swapaxes(s, 1, 2)
        right = weighted @ np.transpose(received, (2, 1, 0))
        inverse = np.linalg.inv(gram.astype(np.complex128))
        fitted = (inverse @ right).astype(np.complex64)  # [occupied, U, A]
        smooth = np.transpose(fitted, (2, 1, 0)) @ self._smooth.T
        errors = np.diagonal(inverse, axis1=1, axis2=2).real.mean(axis=0)
        return smooth, errors * self._rank / w.occupied

    def _overhead_moments(
        self,
        received: NDArray[np.complex64],
        known: NDArray[np.complex64],
        h: NDArray[np.complex64],
        noise: float,
    ) -> list[Moments]:
        """Training and header of every user against the channel estimate, over the noise.

        On training and pilots a user is alone and all antennas are combined; header data come
        from the separation filter.
        """
        cfg, w = self.cfg, self.cfg.waveform
        first, at = cfg.training_symbols, w.data_positions
        g, matrix = _filter("mmse", h[..., at], noise)
        separated = _apply(g, received[:, first:, at])
        variance = error_variance(g, matrix, noise).T.astype(np.float32)
        moments = []
        for i in range(h.shape[1]):
            sent = known[i]
            power = (h[:, i].real ** 2 + h[:, i].imag ** 2).sum(axis=0) / np.float32(noise)
            combined = np.einsum("ac,amc->mc", np.conj(h[:, i]) / np.float32(noise), received)
            weight = np.broadcast_to(power, sent.shape).copy()
            weight[first:, at] = 1 / variance[i]
            combined[first:, at] = separated[i] / variance[i]
            w_sum = (weight * (sent.real**2 + sent.imag**2)) @ self._basis
            z = (combined * np.conj(sent)) @ self._basis
            moments.append(Moments(z=z, w=w_sum[:, 0], leverage=w_sum[:, 2]))
        return moments

    # ------------------------------------------------------------------ payload

    def payload(self, samples: Samples, frame: Frame, missing: int = 0) -> list[UserBurst]:
        """Separate and equalise the payloads; of the last `missing` samples nothing is used."""
        cfg, w = self.cfg, self.cfg.waveform
        n_train, at = cfg.overhead_symbols, w.data_positions
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
        tracks = self._tracks(frame, received, lengths)
        noise = self._noise(frame, received, lengths, tracks)

        effective = noise * (1 + frame.channel_error.sum())
        g, matrix = self._payload_filter(frame.channel[..., at], heard, effective)
        separated = _apply(g, received[..., at])
        powers = np.ones((len(frame.users), whole), dtype=np.float32)
        for i, n in lengths.items():
            gain = tracks[i].gain[n_train:]
            powers[i, :n] = gain.real**2 + gain.imag**2
            powers[i, n:] = 0
        leak = np.abs(g @ matrix).astype(np.float32) ** 2  # [carriers, heard, U]
        of_noise = (effective * (g.real**2 + g.imag**2).sum(axis=-1)).astype(np.float32)
        bursts = []
        for row, (i, n) in enumerate(lengths.items()):
            gain = tracks[i].gain[n_train:, None]
            power = np.maximum(powers[i, :n, None], _TINY)
            symbols = separated[row, :n] * drift_ramp(tracks[i].drift, n_train, n, self._theta_data)
            symbols *= np.conj(gain) / power
            of_users = leak[:, row].T.copy()
            of_users[i] = 0
            variance = (powers[:, :n].T @ of_users + of_noise[:, row]) / power
            variance += np.float32(tracks[i].gain_error * noise / frame.noise)
            bursts.append(self._burst(frame, i, symbols, variance, noise, tracks[i].drift))
        return bursts

    def _payload_filter(
        self, h: NDArray[np.complex64], heard: list[int], noise: float
    ) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
        """Filter [carriers, heard, A] for h [A, U, carriers], and h as [carriers, A, U].

        Zero forcing nulls the users whose header was read. One too weak for that is known too
        badly to be worth an antenna: it belongs to the noise.
        """
        if self.separation == "mmse" or len(heard) == h.shape[1]:
            g, matrix = _filter(self.separation, h, noise)
            return g[:, heard], matrix
        matrix = np.ascontiguousarray(np.moveaxis(h, -1, 0), dtype=np.complex128)
        others = np.delete(matrix, heard, axis=2)
        covariance = others @ np.conj(np.swapaxes(others, 1, 2)) + noise * np.eye(len(h))
        return zf_filter(matrix[..., heard], covariance), matrix

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

    def _tracks(
        self, frame: Frame, received: NDArray[np.complex64], lengths: dict[int, int]
    ) -> dict[int, Track]:
        """Gain and drift of every user over its burst."""
        w = self.cfg.waveform
        overhead = self._overhead_moments(
            frame.received,
            frame.known,
            frame.channel,
            frame.noise * (1 + frame.channel_error.sum()),
        )
        tracks = {}
        for i, n in lengths.items():
            sent, h = self._payload_pilots(frame, i, n)
            at_pilots = received[:, :n, w.pilot_positions]
            power = (h.real**2 + h.imag**2).sum(axis=0) / np.float32(frame.noise)
            combined = np.einsum("ap,amp->mp", np.conj(h) / np.float32(frame.noise), at_pilots)
            z = (combined * np.conj(sent)) @ self._basis_pilots
            weight = (power * (sent.real**2 + sent.imag**2)) @ self._basis_pilots
            known = Moments(
                z=np.concatenate([overhead[i].z, z]),
                w=np.concatenate([overhead[i].w, weight[:, 0]]),
                leverage=np.concatenate([overhead[i].leverage, weight[:, 2]]),
            )
            tracks[i] = track(known, w.tracking_symbols)
        return tracks

    def _payload_pilots(
        self, frame: Frame, i: int, n: int
    ) -> tuple[NDArray[np.complex64], NDArray[np.complex64]]:
        """Pilots of the i-th user's payload [n, n_pilots] and its channel there [A, n_pilots]."""
        w = self.cfg.waveform
        sent = self._pilots[frame.users[i], w.header_symbols : w.header_symbols + n]
        return sent, frame.channel[:, i, w.pilot_positions]

    def _noise(
        self,
        frame: Frame,
        received: NDArray[np.complex64],
        lengths: dict[int, int],
        tracks: dict[int, Track],
    ) -> float:
        """Noise variance per antenna and carrier: what the fit leaves where a user is alone."""
        cfg, w = self.cfg, self.cfg.waveform
        first, n_train, at = cfg.training_symbols, cfg.overhead_symbols, w.pilot_positions
        antennas = len(received)
        left, count = 0.0, 0.0
        for i, n in lengths.items():
            gain, h = tracks[i].gain, frame.channel[:, i]
            turn = frame.users[i] * w.ce_symbols
            cells = slice(turn, turn + w.ce_symbols)
            fit = h[:, None] * (frame.known[i, cells] * gain[cells, None])
            left += float(np.sum(np.abs(frame.received[:, cells] - fit) ** 2))
            pilots, at_pilots = self._payload_pilots(frame, i, n)
            pilots = np.concatenate([frame.known[i, first:, at].T, pilots])
            heard = np.concatenate([frame.received[:, first:, at], received[:, :n, at]], axis=1)
            ramp = drift_ramp(-tracks[i].drift, first, len(pilots), self._basis_pilots[:, 1])
            fit = at_pilots[:, None] * (pilots * ramp * gain[first:, None])
            mine = pilots != 0
            left += float(np.sum(np.abs(heard - fit)[:, mine] ** 2))
            # Cells that H was fitted to hold too little noise, the others that of H as well.
            energy = np.abs(pilots) ** 2
            fitted = self._ce_energy * w.occupied + float(energy[: n_train - first].sum())
            later = float(energy[n_train - first :].sum())
            count += antennas * (w.ce_symbols * w.occupied + int(mine.sum()))
            count += antennas * frame.channel_error[i] * (later - fitted)
            count -= len(gain) / (_SMOOTHER_DOF * w.tracking_symbols)
        return max(left / max(count, 1.0), _TINY)


def _filter(
    kind: Separation, h: NDArray[np.complex64], noise: float
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Separation filter [carriers, U, A] for h [A, U, carriers], and h as [carriers, A, U]."""
    matrix = np.ascontiguousarray(np.moveaxis(h, -1, 0), dtype=np.complex128)
    return separation_filter(kind, matrix, noise), matrix


def _apply(g: NDArray[np.complex128], y: NDArray[np.complex64]) -> NDArray[np.complex64]:
    """Filter [carriers, U, A] on received [A, symbols, carriers]; [U, symbols, carriers]."""
    g = g.astype(np.complex64)
    out = np.zeros((g.shape[1], *y.shape[1:]), dtype=np.complex64)
    for u in range(g.shape[1]):
        for a, antenna in enumerate(y):
            out[u] += g[:, u, a] * antenna
    return out
