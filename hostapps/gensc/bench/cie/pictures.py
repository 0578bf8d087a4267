"""Figure 10: what the schemes make of single images at -1 and 6 dB, in the same time.

What is chosen is the exhaustive search's choice for the image alone: a transmitter knows what it
sends. Who knows no threshold sends the coarsest stream, and what of it is in time is decoded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import mean

from gensc.adapt.bank import Mask, Photo
from gensc.adapt.problem import Problem
from gensc.adapt.system import pixels_of
from gensc.adapt.tables import build_table
from gensc.adapt.transport import CapacityTransport
from gensc.bench.cie import terms
from gensc.bench.cie.plan import Row, Work
from gensc.experiment.base import BenchResult, Check
from gensc.experiment.baselines import jpeg, jpeg2000
from gensc.experiment.means import lead
from gensc.experiment.rows import of
from gensc.experiment.tables import Listing, columns, listed
from gensc.figures.picture_grid import Cell, sheet

TITLES = {
    terms.TEXT: "text only",
    terms.JPEG2000: "JPEG 2000",
    terms.UNFILTERED: "codec, no filtering",
    terms.CIE: "GVIF-CIE",
}
#: Gain in mask PSNR over the codec without filtering that the paper shows on one image at -1 dB.
PAPER_GAIN_DB = 12.0
#: Es/N0 and latency limit of the paper's Figure 10.
SNRS_DB, T_MAX_S = (-1.0, 6.0), 0.03
TABLE = Listing(
    "Single images in 30 ms at the capacity",
    columns("image snr_db scheme kbit alpha mask_psnr psnr"),
)


def run(work: Work) -> BenchResult:
    """Every photo at every SNR; the first `Plan.pictures` are filled in, drawn from text, and
    shown, outlined what GVIF-CIE sends."""
    from gensc_models.semantics.overlays import outline

    rows: list[Row] = []
    lines: list[list[Cell]] = []
    for number, (name, photo) in enumerate(work.photos):
        for snr_db in SNRS_DB:
            keep, found = compare(work, number, snr_db)
            rows += [row for row, _ in found]
            if number < work.plan.pictures:
                sent = Cell(outline(photo, keep), f"{name}, outlined: sent")
                lines.append([sent, *(_cell(*shown) for shown in found)])
        work.step(f"pictures of {name}")
    title = "Figure 10: T_max 30 ms, 1 MHz, capacity (Eq. 8); mask PSNR over what GVIF-CIE sends"
    return BenchResult("pictures", rows, list(checks(rows)), listed([TABLE], rows),
                       {"figure10_pictures": sheet(lines, title, width=2.9)})  # fmt: skip


def _cell(row: Row, picture: Photo) -> Cell:
    note = f"{TITLES[row['scheme']]}: mask {row['mask_psnr']:.1f} dB, {row['kbit']:.1f} kbit"
    note += "" if row["alpha"] is None else f", α {row['alpha']:.2f}"
    return Cell(picture, note, f"Es/N0 {row['snr_db']:g} dB")


def compare(work: Work, number: int, snr_db: float) -> tuple[Mask, list[tuple[Row, Photo]]]:
    """The pixels that GVIF-CIE sends of a photo, bool H×W, whose mask PSNR counts for all; row and
    picture of every scheme."""
    from gensc_models.metrics.fidelity import mask_psnr, psnr

    plan, system, seed = work.plan, work.system, work.plan.seed + number
    name, photo = work.photos[number]
    drawn, alone = number < plan.pictures, work.family.only(number)
    link = CapacityTransport(T_MAX_S, terms.BANDWIDTH_HZ)
    problem = Problem(alone, link, (snr_db,), terms.FLOOR_DB, terms.ALPHA_MAX)
    choice = build_table(problem, "search").choices[0]
    sent = system.extract(photo, name, choice.point, choice.alpha, choice.budget_bits)
    keep = pixels_of(sent.keep, photo)
    room = int(link.budget(snr_db).bits) // 8
    # The finest point whose stream is in time; of the coarsest what is, where none is whole.
    fits = [
        p for p, bits in zip(alone.points, alone.bits[0, :, 0], strict=True) if bits <= 8 * room
    ]
    whole = system.bank.encode(photo, min(fits, default=max(system.bank.points))).data[:room]
    coded = jpeg2000.fit(photo, room) or b""
    decoded = jpeg2000.decode(coded)
    ends = system if drawn else replace(system, inpainter=None)
    pictures = {
        terms.JPEG2000: (jpeg.grey(*photo.shape[:2]), 0) if decoded is None
        else (decoded, 8 * len(coded)),
        terms.UNFILTERED: (system.bank.decode(whole, partial=True).image, 8 * len(whole)),
        terms.CIE: (ends.recover(sent.data, seed=seed).image, sent.bits),
    }  # fmt: skip
    if work.text is not None and drawn:
        pictures = {terms.TEXT: work.text.drawn(photo), **pictures}
    facts = {"level": sent.point, "alpha": sent.alpha, "gvif": sent.gvif}
    shown = []
    for scheme, (picture, bits) in pictures.items():
        row = {
            "experiment": "pictures", "scheme": scheme, "image": name, "transport": link.name,
            "t_max_ms": 1e3 * link.t_max_s, "snr_db": snr_db, "kbit": bits / 1e3,
            "latency_ms": 1e3 * link.latency_s(bits, snr_db), "mask_share": float(keep.mean()),
            **(facts if scheme == terms.CIE else dict.fromkeys(facts)),
            "mask_psnr": mask_psnr(photo, picture, keep), "psnr": psnr(photo, picture),
        }  # fmt: skip
        shown.append((row, picture))
    return keep, shown


def checks(rows: Sequence[Row]) -> Iterable[Check]:
    """The mask PSNR at -1 dB."""
    for scheme in (terms.UNFILTERED, terms.JPEG2000):
        gains = lead(of(rows, snr_db=-1.0), terms.CIE, scheme, "mask_psnr", ("image",)).values()
        where = f"T_max 30 ms, 1 MHz, capacity, {len(gains)} images"
        name = f"mask PSNR at -1 dB, gain over {TITLES[scheme]}"
        if scheme == terms.UNFILTERED:
            largest = max(gains, default=math.nan)
            yield Check(f"{name}, largest", largest, "dB", ">=", PAPER_GAIN_DB,
                        f"{where}; the paper shows about 12 dB on one image")  # fmt: skip
        average = mean(gains) if gains else math.nan
        yield Check(f"{name}, mean", average, "dB", ">=", 0.0, where)
