"""The family's table, measured: every member on every photo at every point.

A spread of the SNR is one from image to image: photo ``n`` is received ``spread * z_n`` dB off the
SNR that its sender was told, ``z`` being evenly spread quantiles of a normal distribution that
change hands from point to point. All members meet the same channels and noise, and header sections
cost what they do in the waveform.

GVIF is that of the received picture: Eq. 27 of GVIF-CIE with the scales that the bank's hyperprior
at Phi_1 finds in what is shown beside those that it finds in the original. It needs no member to
be made of latents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import torch

from gensc_models.codecs.auto.codec import AutoCodec
from gensc_models.codecs.auto.table import FamilyTable
from gensc_models.codecs.bank.codec import HyperpriorCodec
from gensc_models.codecs.codec import Codec
from gensc_models.codecs.simulated import receive
from gensc_models.data.photos import Photo
from gensc_models.metrics.fidelity import psnr
from gensc_models.semantics.gvif import gvif
from gensc_phy.adaptation.side_link import side_symbols

GREY = 128


def measure(
    members: Mapping[str, Codec],
    bank: HyperpriorCodec,
    photos: Sequence[tuple[str, Photo]],
    rates: Sequence[int],
    snrs_db: Sequence[float],
    spreads_db: Sequence[float],
    step: Callable[[str], None] = lambda note: None,
) -> FamilyTable:
    """The table of members on named photos, uint8 ``H x W x 3``; ``step`` hears of every point.

    Raises
    ------
    ValueError
        No photos or members, or axes that do not rise.
    """
    if not photos:
        raise ValueError("no photos to measure on")
    shape = (len(members), len(rates), len(snrs_db), len(spreads_db))
    figures = {"psnr_db": np.zeros(shape), "gvif": np.zeros(shape)}
    codec = AutoCodec(members, _flat(tuple(members)))
    scales = [bank.scales(photo, bank.points[0]) for _, photo in photos]
    places = [NormalDist().inv_cdf((n + 0.5) / len(photos)) for n in range(len(photos))]
    for r, rate in enumerate(rates):
        for s, snr_db in enumerate(snrs_db):
            for w, spread in enumerate(spreads_db):
                off = [spread * places[(n + r + s) % len(places)] for n in range(len(photos))]
                for m in range(len(members)):
                    found = []
                    for n, (_, photo) in enumerate(photos):
                        shown = _shown(codec, m, photo, rate, snr_db, spread, snr_db + off[n], n)
                        there = torch.ones(1)
                        share = gvif(scales[n], bank.scales(shown, bank.points[0]), there)
                        arrived = float(share[0]) if shown.std() > 0 else 0.0
                        found.append((min(psnr(photo, shown), 60.0), arrived))
                    mean = np.mean(found, axis=0)
                    figures["psnr_db"][m, r, s, w], figures["gvif"][m, r, s, w] = mean
                told = ", ".join(
                    f"{name} {figures['psnr_db'][m, r, s, w]:.2f}" for m, name in enumerate(members)
                )
                step(f"rate {rate}, {snr_db:g} dB, spread {spread:g} dB: {told}")
    about: dict[str, Any] = {
        "photos": [name for name, _ in photos],
        "sizes": sorted({f"{p.shape[1]}x{p.shape[0]}" for _, p in photos}),
        "weights": {name: member.sha256 for name, member in members.items()},
        "channel": "awgn, the SNR off by a normal spread from image to image",
    }
    axes = tuple(rates), tuple(map(float, snrs_db)), tuple(map(float, spreads_db))
    return FamilyTable(tuple(members), *axes, figures["psnr_db"], figures["gvif"], about)


def _flat(members: tuple[str, ...]) -> FamilyTable:
    """A table that prefers nobody."""
    nothing = np.zeros((len(members), 1, 1, 1))
    return FamilyTable(members, (1,), (0.0,), (0.0,), nothing, nothing, {})


def _shown(
    codec: AutoCodec, number: int, photo: Photo, rate: int, told_db: float, spread: float,
    true_db: float, seed: int,
) -> Photo:  # fmt: skip
    """What is received of a photo that a member sends; grey where nothing is."""
    try:
        sent = codec.encode_by(number, photo, rate, told_db, side_symbols, spread)
        return receive(codec, sent, "awgn", true_db, seed)
    except ValueError:
        return np.full_like(photo, GREY)
