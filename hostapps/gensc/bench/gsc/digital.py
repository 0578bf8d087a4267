"""JPEG + LDPC + QAM for thousands of small pictures: the bit section of the waveform, in batches.

Every picture gets the JPEG of the highest quality that fits the channel symbols it is granted, in
the short form of :mod:`gensc.experiment.baselines.jpeg_short` (a whole JPEG file never fits 512
symbols). It is padded to what the modulation and coding scheme carries, so that all pictures share
one layout and their codewords are decoded together. Where the CRC fails, middle grey is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from gensc.bench.gsc.link import BATCH, Images, Symbols, Variances, batch_seed, through
from gensc.bench.gsc.points import EXACT_MSE
from gensc.bench.gsc.schemes import JPEG, SCALED_JPEG
from gensc.experiment.baselines import jpeg, jpeg_short
from gensc_phy.coding.bits import capacity_bytes, decode_payloads, encode_payloads, symbols_for
from gensc_phy.coding.mcs import MCS_TABLE, Mcs

#: What each sender may divide both sides of a picture by.
DIVISORS = {JPEG: (1,), SCALED_JPEG: (1, 2, 4)}
#: Pictures on which every modulation and coding scheme is tried: whole batches.
TRIAL = 2 * BATCH
#: Schemes are tried whose threshold lies this far above the mean SNR at least and at most, dB ...
REACH_DB = {"awgn": (-2.5, 1.5), "rayleigh": (-15.0, 2.0)}
#: ... and of these every so-manieth: the best one's maximum is broad where the channel fades.
STRIDE = {"awgn": 1, "rayleigh": 4}


def candidates(channel: str, snr_db: float) -> Sequence[Mcs]:
    """The schemes worth trying at a mean SNR."""
    lowest, highest = REACH_DB[channel]
    tried = [m for m in MCS_TABLE if lowest <= m.threshold_db - snr_db <= highest]
    return tried[:: STRIDE[channel]] or MCS_TABLE[:1]


class DigitalSender:
    """Sends pictures, uint8 [N, H, W, 3], with `granted` channel symbols each.

    The transmitter knows the mean SNR. Which scheme is best on average there it knows from trying
    all of them on the first TRIAL pictures: the benefit of the doubt is the baseline's.
    """

    def __init__(self, images: Images, granted: int, seed: int) -> None:
        from gensc_models.metrics.fidelity import mse_each, psnr_of_mse

        self.images, self.granted, self.seed = images, granted, seed
        self._jpegs = [jpeg_short.ShortJpegs(image) for image in images]
        self._fit = cache(self._fit_uncached)
        grey = np.broadcast_to(jpeg.grey(*images.shape[1:3]), images.shape)
        self._grey_psnr = psnr_of_mse(np.maximum(mse_each(images, grey), EXACT_MSE)).tolist()
        # Both senders often choose the same JPEG, which then need not cross the channel twice.
        self._crossed: dict[tuple[int, str, float, Mcs, bytes], bytes | None] = {}

    def best_mcs(self, channel: str, snr_db: float) -> dict[str, Mcs]:
        """For each sender the scheme with the highest mean PSNR over the pictures of the trial."""
        found: dict[str, tuple[float, Mcs]] = {}
        for mcs in candidates(channel, snr_db):
            for scheme, psnr in self._trial(channel, snr_db, mcs).items():
                if scheme not in found or psnr > found[scheme][0]:
                    found[scheme] = psnr, mcs
        return {scheme: mcs for scheme, (_, mcs) in found.items()}

    def _trial(self, channel: str, snr_db: float, mcs: Mcs) -> dict[str, float]:
        """Mean PSNR of each sender. What one sends tells which blocks of the others get through."""
        numbers = range(min(TRIAL, len(self.images)))
        arrived: list[bool] = []
        for start in range(0, len(numbers), BATCH):
            batch = numbers[start : start + BATCH]
            got = self._cross(SCALED_JPEG, channel, snr_db, mcs, batch)
            arrived += [data is not None for data in got]
        return {
            scheme: float(np.mean([
                choice.psnr if ok and (choice := self._fit(n, mcs, scheme)) else self._grey_psnr[n]
                for n, ok in zip(numbers, arrived, strict=True)
            ]))
            for scheme in DIVISORS
        }  # fmt: skip

    def send(
        self, scheme: str, channel: str, snr_db: float, mcs: Mcs, numbers: Sequence[int]
    ) -> tuple[Images, int]:
        """What is shown of the pictures with these numbers, and how many were lost."""
        height, width = self.images.shape[1:3]
        shown = np.empty((len(numbers), height, width, 3), np.uint8)
        lost = 0
        for start in range(0, len(numbers), BATCH):
            batch = numbers[start : start + BATCH]
            for i, data in enumerate(self._cross(scheme, channel, snr_db, mcs, batch), start):
                picture = None if data is None else jpeg_short.decode(data, height, width)
                lost += picture is None
                shown[i] = jpeg.grey(height, width) if picture is None else picture
        return shown, lost

    def symbols(self, mcs: Mcs) -> int:
        """Channel symbols of a picture: what the payload that fits takes."""
        return symbols_for(capacity_bytes(self.granted, mcs), mcs)

    def _cross(
        self, scheme: str, channel: str, snr_db: float, mcs: Mcs, numbers: Sequence[int]
    ) -> list[bytes | None]:
        """Payloads of a batch behind the channel; None where lost, or where no JPEG fits."""
        payloads = [self._payload(number, mcs, scheme) for number in numbers]
        keys = [
            (number, channel, snr_db, mcs, payload)
            for number, payload in zip(numbers, payloads, strict=True)
            if payload is not None
        ]
        if any(key not in self._crossed for key in keys):
            sent = [payload if payload is not None else bytes(self._capacity(mcs))
                    for payload in payloads]  # fmt: skip
            received, noise_var = self._through(sent, channel, snr_db, mcs, numbers)
            got = decode_payloads(received, noise_var, self._capacity(mcs), mcs)
            for number, payload, result in zip(numbers, payloads, got, strict=True):
                if payload is not None:
                    self._crossed[number, channel, snr_db, mcs, payload] = result
        return [
            None if payload is None else self._crossed[number, channel, snr_db, mcs, payload]
            for number, payload in zip(numbers, payloads, strict=True)
        ]

    def _through(
        self, payloads: list[bytes], channel: str, snr_db: float, mcs: Mcs, numbers: Sequence[int]
    ) -> tuple[Symbols, Variances]:
        symbols = encode_payloads(payloads, mcs)
        count = symbols.shape[1]
        # The same draw as for the other schemes, which send all that is granted.
        row = np.zeros((len(payloads), self.granted), np.complex64)
        row[:, :count] = symbols
        seed = batch_seed(self.seed, channel, snr_db, numbers[0])
        received, noise_var = through(row, channel, snr_db, seed)
        return received[:, :count], noise_var[:, :count]

    def _capacity(self, mcs: Mcs) -> int:
        return capacity_bytes(self.granted, mcs)

    def _payload(self, number: int, mcs: Mcs, scheme: str) -> bytes | None:
        choice = self._fit(number, mcs, scheme)
        return None if choice is None else choice.data.ljust(self._capacity(mcs), b"\0")

    def _fit_uncached(self, number: int, mcs: Mcs, scheme: str) -> jpeg.JpegChoice | None:
        return self._jpegs[number].fit(self._capacity(mcs), DIVISORS[scheme])
