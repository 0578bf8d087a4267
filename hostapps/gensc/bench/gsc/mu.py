"""Figures 4 (c) and (d): three users at once, one receiver with three antennas, ZF and MMSE.

Every slot carries one image of every user; images are dealt out in turn. Over `awgn` the users do
not meet (the matrix is the identity), over `rayleigh` every slot has a matrix of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from gensc.bench.gsc import link
from gensc.bench.gsc.link import BATCH, Images
from gensc.bench.gsc.points import Points
from gensc.bench.gsc.schemes import System
from gensc.system.progress import Reporter

if TYPE_CHECKING:
    from gensc_models.metrics.lpips import Distance

EXPERIMENT = "mu"
USERS = 3
#: (channel, separation): where the users do not meet there is nothing to separate.
CASES = (("awgn", "mmse"), ("rayleigh", "mmse"), ("rayleigh", "zf"))


@dataclass(frozen=True)
class MuPlan:
    """How much is run; `images` are shared out among the users."""

    images: int = 600
    snrs_db: Sequence[float] = (0, 3, 7, 10, 13, 15)
    rate: int = 128

    @property
    def steps(self) -> int:
        """Steps of progress of :func:`sweep`."""
        return len(self.snrs_db)


def sweep(
    images: Images,
    systems: Sequence[System],
    plan: MuPlan,
    seed: int,
    points: Points,
    bar: Reporter,
    perceptual: Distance | None = None,
) -> None:
    """Every system at every SNR; a point for every user goes into `points`."""
    images = images[: plan.images // USERS * USERS]
    size = BATCH // USERS * USERS
    for snr_db in plan.snrs_db:
        for system, first in product(systems, range(0, len(images), size)):
            batch = images[first : first + size]
            sent = system.codec.encode_images(batch, plan.rate, snr_db)
            symbols = np.stack([e.symbols for e in sent])
            for channel, separation in CASES:
                # Zero forcing and MMSE meet the same matrices and noise.
                draw = link.batch_seed(seed, f"mu {channel}", snr_db, first)
                received, noise_var = _uplink(symbols, channel, separation, snr_db, draw)
                decoded = link.decode(system.codec, sent, received, noise_var)
                schemes = {system.scheme: decoded}
                if system.refiner is not None:
                    schemes[system.refined] = link.refine(system.refiner, decoded, noise_var)
                for (scheme, shown), user in product(schemes.items(), range(USERS)):
                    point = points.at(
                        EXPERIMENT, scheme, channel, plan.rate, snr_db, separation, user
                    )
                    point.symbols = symbols.shape[1]
                    point.add(batch[user::USERS], shown[user::USERS], perceptual)
        bar.step(f"{USERS} users at {snr_db:g} dB")


def _uplink(
    symbols: link.Symbols, channel: str, separation: str, snr_db: float, seed: int
) -> tuple[link.Symbols, link.Variances]:
    """Separated symbols and their error variances [N, S]; rows belong to the users in turn."""
    import torch

    from gensc_models.channels.mimo import simulate_uplink

    slots = torch.from_numpy(symbols).view(-1, USERS, symbols.shape[1])
    generator = torch.Generator().manual_seed(seed)
    out = simulate_uplink(
        slots,
        snr_db,
        generator,
        channel=channel,
        separation=separation,  # type: ignore[arg-type]
    )
    return tuple(part.reshape(symbols.shape).numpy() for part in out)  # type: ignore[return-value]
