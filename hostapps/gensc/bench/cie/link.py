"""Images over the burst waveform at T_max: what arrives, with filtering, without, as JPEG 2000.

The rows of the tables say what to send; every container is shortened to what the link carries in
T_max with the scheme of this SNR, goes through LDPC, QAM, OFDM, noise and synchronisation in
NumPy, and counts when its CRC holds. JPEG 2000 gets the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import mean

from gensc.adapt.problem import Problem
from gensc.adapt.tables import build_table
from gensc.adapt.transport import BurstTransport, symbols_within
from gensc.bench.cie import terms
from gensc.bench.cie.adaptation import SNRS_DB
from gensc.bench.cie.plan import Row, Work
from gensc.experiment.base import BenchResult, Check
from gensc.experiment.figures import Figure, draw_all
from gensc.experiment.grid import Grid, Outcome, collect
from gensc.experiment.means import means
from gensc.experiment.rows import of
from gensc.experiment.scheme import Picture
from gensc.experiment.schemes.critical import Critical
from gensc.experiment.schemes.files import FileScheme, Jpeg2000
from gensc.experiment.tables import Listing, columns, listed
from gensc.experiment.ways import load_way
from gensc.results.quality import score

#: Distance kept from the thresholds of the schemes: at them one codeword in a hundred fails, and
#: an image is dozens of codewords.
MARGIN_DB = 1.0
#: Latency limit; longer than in Figure 9, since the waveform carries about a third of the capacity.
T_MAX_S = 0.06
METRICS = ("kbit", "gvif", "psnr", "mask_psnr")
TABLE = Listing(
    "Over the burst waveform", columns("scheme snr_db mcs images delivered kbit gvif mask_psnr")
)
FIGURE = Figure(
    "link_burst", "snr_db", ("mask_psnr", "gvif", "delivered"), interval=False,
    labels={**terms.LABELS, "delivered": "images delivered, %"},
    levels={"mask_psnr": terms.FLOOR_DB}, limits={"gvif": (0, None), "delivered": (0, None)},
    width=4.9, height=4.3,
)  # fmt: skip


def run(work: Work) -> BenchResult:
    """One row per scheme and SNR: means over the photos. Nothing is filled in: only mask PSNR
    counts."""
    plan, photos = work.plan, work.photos[: work.plan.link_images]
    transport = BurstTransport(T_MAX_S, margin_db=MARGIN_DB)
    filtered, whole = (
        build_table(Problem(work.family, transport, SNRS_DB, terms.FLOOR_DB, alpha_max), "search")
        for alpha_max in (terms.ALPHA_MAX, 0.0)
    )
    schemes = [
        Critical(terms.CIE, work.system, filtered, MARGIN_DB),
        Critical(terms.UNFILTERED, work.system, whole, MARGIN_DB, shortens=False),
        FileScheme(terms.JPEG2000, Jpeg2000(), MARGIN_DB),
    ]
    # All that is through in time, whatever the size of the image.
    symbols = symbols_within(math.floor(T_MAX_S * transport.bandwidth_hz), transport.config)
    way, lines = load_way("bursts"), []
    for snr_db in plan.link_snrs_db:
        grid = Grid(schemes, rates=(symbols,), snrs_db=(float(snr_db),), seeds=(plan.seed,),
                    kept=lambda point, picture: True, budget=lambda pixels, rate: rate)  # fmt: skip
        outcomes = judged(collect(grid, [Picture(*photo) for photo in photos], way))
        lines += [outcome.result(way) for outcome in outcomes]
        work.step(f"link at {snr_db:g} dB")
    for line in lines:
        bits = 8 * line.extra.get("bytes", 0)
        air_ms = 1e3 * transport.latency_s(bits, line.snr_db or 0.0) if bits else None
        line.extra |= {"transport": terms.BURST, "kbit": bits / 1e3 or None, "air_ms": air_ms,
                       "in_time": bool(line.symbols.digital)}  # fmt: skip
    known = [line.as_dict() | line.extra for line in lines]
    about = {"experiment": "link", "transport": terms.BURST, "t_max_ms": 1e3 * T_MAX_S}
    rows = [
        about | point | {"delivered": 100 * (1 - point["lost"] / point["rows"])}
        for point in means(known, METRICS, ("scheme", "snr_db"), keep=("mcs",))
    ]
    title = "Over the burst waveform (LDPC, QAM, OFDM) at 1 MHz, T_max "
    title += f"{1e3 * T_MAX_S:g} ms, {len(photos)} images"
    figures = draw_all([replace(FIGURE, title=title)], rows)
    return BenchResult("link", rows, [check(rows)], listed([TABLE], rows), figures, lines=lines)


def judged(outcomes: Sequence[Outcome]) -> Iterable[Outcome]:
    """Mask PSNR of all schemes over what GVIF-CIE sends of the same picture, and GVIF as sent."""
    masks = {o.picture.name: o.sent.mask for o in outcomes if o.sent and o.sent.mask is not None
             and o.point.scheme == terms.CIE}  # fmt: skip
    for o in outcomes:
        gvif = o.sent.facts.get("gvif_sent") if o.sent else None
        known = {} if gvif is None else {"gvif": gvif if o.shown else 0.0}
        metrics, reasons = score(o.picture.pixels, o.received.image, effort="psnr",
                                 mask=masks[o.picture.name], known=known)  # fmt: skip
        yield replace(o, metrics=metrics, reasons=reasons)


def check(rows: Sequence[Row]) -> Check:
    """What the waveform delivers of the filtered images."""
    found = of(rows, scheme=terms.CIE)
    name = "filtered images that arrive within T_max over the burst waveform"
    share = mean(r["delivered"] for r in found)
    where = f"{sum(r['images'] for r in found)} images, all SNRs, CRC"
    return Check(name, share, "%", ">=", 99.0, where)
