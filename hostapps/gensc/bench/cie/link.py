"""Images over the burst waveform at T_max: what arrives, with filtering, without, as JPEG 2000.

The rows of the tables say what to send; every container is shortened to what the link carries in
T_max with the scheme of this SNR, goes through LDPC, QAM, OFDM, noise and synchronisation in
NumPy, and counts when its CRC holds. JPEG 2000 gets the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc.adapt.problem import Family, Problem
from gensc.adapt.tables import build_table
from gensc.adapt.transport import BurstTransport
from gensc.bench.cie.adaptation import ALPHA_MAX, CIE, FLOOR_DB, SNRS_DB, UNFILTERED
from gensc.bench.cie.delivery import BurstDelivery
from gensc.bench.cie.rows import Row, of
from gensc.bench.cie.system import CieSystem, pixels_of
from gensc.experiment.base import Check
from gensc.experiment.baselines import jpeg, jpeg2000
from gensc.results.quality import score
from gensc.results.result import Result, Symbols
from gensc.system.weights import Weights
from gensc_phy.adaptation.rate_table import RateTable

EXPERIMENT = "link"
JPEG2000 = "jpeg2000"
#: Distance kept from the thresholds of the schemes: at them one codeword in a hundred fails, and
#: an image is dozens of codewords.
MARGIN_DB = 1.0

Photo = NDArray[np.uint8]


@dataclass(frozen=True)
class LinkPlan:
    """How much is run.

    Attributes:
        images: photos at most.
        snrs_db: Es/N0.
        t_max_s: latency limit; longer than in Figure 9, since the waveform carries about a third
            of the capacity.
    """

    images: int = 2
    snrs_db: Sequence[float] = (-0.5, 3, 6, 9, 12, 16, 20)
    t_max_s: float = 0.06


@dataclass
class Link:
    """The comparison while it runs.

    Attributes:
        system: the two ends; nothing is filled in here, which only mask PSNR looks at.
        family: what the tables are made from.
        plan: how much.
        seed: of channel and noise.
    """

    system: CieSystem
    family: Family
    plan: LinkPlan
    seed: int
    lines: list[Result] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Tables with and without filtering."""
        self._delivery = BurstDelivery(BurstTransport(self.plan.t_max_s, margin_db=MARGIN_DB))
        self._tables = {
            scheme: build_table(
                Problem(self.family, self._delivery.transport, SNRS_DB, FLOOR_DB, alpha_max),
                "search",
            )
            for scheme, alpha_max in ((CIE, ALPHA_MAX), (UNFILTERED, 0.0))
        }

    def run(
        self, photos: Sequence[tuple[str, Photo]], step: Callable[[str], None] = lambda note: None
    ) -> list[Row]:
        """One row per scheme and SNR: means over the photos."""
        rows = []
        for snr_db in self.plan.snrs_db:
            results: dict[str, list[Result]] = {CIE: [], UNFILTERED: [], JPEG2000: []}
            for number, (name, photo) in enumerate(photos):
                for result in self._image(name, photo, snr_db, self.seed + number):
                    results[result.scheme].append(result)
            for scheme, found in results.items():
                self.lines += found
                rows.append(_row(scheme, snr_db, found, self.plan))
            step(f"link at {snr_db:g} dB")
        return rows

    def _image(self, name: str, photo: Photo, snr_db: float, seed: int) -> Iterable[Result]:
        """The three schemes on one photo; the mask of the first counts for all."""
        budget = self._delivery.transport.budget(snr_db).bits
        choice = self._tables[CIE].at(snr_db)
        sent = self.system.extract(photo, name, choice.point, choice.alpha, budget)
        keep = pixels_of(sent.keep, photo)
        extra: dict[str, float | None] = {
            "point": sent.point,
            "alpha": sent.alpha,
            "kbit": sent.bits / 1e3,
        }
        yield self._result(CIE, name, photo, keep, sent.data, snr_db, seed, sent.gvif, extra)

        whole = _whole(self._tables[UNFILTERED], snr_db)
        data = self.system.bank.encode(photo, whole).data
        gvif = self.system.extract(photo, name, whole, 0.0).gvif
        extra = {"point": whole, "alpha": 0.0, "kbit": 8 * len(data) / 1e3}
        yield self._result(UNFILTERED, name, photo, keep, data, snr_db, seed, gvif, extra)

        fitted = jpeg2000.fit(photo, int(budget) // 8)
        extra = {"kbit": None if fitted is None else 8 * len(fitted) / 1e3}
        yield self._result(JPEG2000, name, photo, keep, fitted, snr_db, seed, None, extra)

    def _result(
        self,
        scheme: str,
        name: str,
        photo: Photo,
        keep: NDArray[np.bool_],
        data: bytes | None,
        snr_db: float,
        seed: int,
        gvif: float | None,
        extra: dict[str, Any],
    ) -> Result:
        """Deliver a container and score what is shown."""
        got = None if data is None else self._delivery.send(data, photo.shape, snr_db, seed)
        arrived = None if got is None else got.data
        shown = None if arrived is None else self._decode(scheme, arrived)
        fidelity = None if gvif is None else gvif if shown is not None else 0.0
        picture = jpeg.grey(*photo.shape[:2]) if shown is None else shown
        known = {} if fidelity is None else {"gvif": fidelity}
        metrics, reasons = score(photo, picture, effort="psnr", mask=keep, known=known)
        bank = self.system.bank
        return Result(
            image=name,
            shape=photo.shape,  # type: ignore[arg-type]
            scheme=scheme,
            weights=None if scheme == JPEG2000 else Weights(bank.name, bank.sha256),
            channel=self._delivery.channel,
            via="bursts",
            snr_db=snr_db,
            snr_measured_db=None if got is None else got.snr_measured_db,
            symbols=Symbols() if got is None else got.symbols,
            received=shown is not None,
            metrics=metrics,
            reasons=reasons,
            seed=seed,
            extra=extra
            | {
                "transport": "burst",
                "mcs": "" if got is None else got.mcs,
                "air_ms": None if got is None else 1e3 * got.seconds,
                "in_time": got is not None and got.in_time,
            },
        )

    def _decode(self, scheme: str, data: bytes) -> Photo | None:
        return jpeg2000.decode(data) if scheme == JPEG2000 else self.system.bank.decode(data).image


def _whole(table: RateTable, snr_db: float) -> int:
    """The operating point of the codec that sends everything."""
    return table.at(snr_db).point


def _row(scheme: str, snr_db: float, results: Sequence[Result], plan: LinkPlan) -> Row:
    def over_images(metric: str) -> float | None:
        values = [r.metrics[metric] for r in results if metric in r.metrics]
        return mean(values) if values else None

    lengths = [r.extra["kbit"] for r in results if r.extra["kbit"] is not None]
    return {
        "experiment": EXPERIMENT,
        "scheme": scheme,
        "transport": "burst",
        "t_max_ms": 1e3 * plan.t_max_s,
        "snr_db": float(snr_db),
        "images": len(results),
        "delivered": 100 * mean(r.received for r in results),
        "mcs": results[0].extra["mcs"],
        "kbit": mean(lengths) if lengths else None,
        "gvif": over_images("gvif"),
        "psnr": over_images("psnr"),
        "mask_psnr": over_images("mask_psnr"),
    }


def checks(rows: Sequence[Row]) -> Iterable[Check]:
    """What the waveform delivers of the filtered images."""
    found = of(rows, EXPERIMENT, scheme=CIE)
    images = sum(r["images"] for r in found)
    share = [r["delivered"] for r in found]
    yield Check(
        "filtered images that arrive within T_max over the burst waveform",
        mean(share) if share else math.nan,
        "%",
        ">=",
        99.0,
        f"{images} images, all SNRs, CRC",
    )
