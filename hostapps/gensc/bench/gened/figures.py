"""Figures 6 to 9 of GenED-SC and all tables, declared; 10 to 12 are `gensc.bench.gened.strips`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from gensc.bench.gened.quality import RATE, SNR_DB, TABLES
from gensc.bench.gened.schemes import EDITED, GENED, LABELS, Schemes
from gensc.experiment.base import Table
from gensc.experiment.figures import Figure, ratio
from gensc.experiment.marked import MarkedSet
from gensc.experiment.rows import Row, of
from gensc.experiment.tables import Listing, by_snr, columns, listed

MADE_ELSEWHERE = ("lpips", "clip_score", "brisque")
PERCEPTUAL = ("clip_score", "lpips", "brisque", "ms_ssim")
#: Schemes that were run at less than half of the SNRs have no curve.
LOOK: dict[str, Any] = {"names": list(LABELS), "labels": LABELS, "interval": False}
CURVES = LOOK | {"panels": "rate", "rows": "channel", "share": 0.5, "width": 4.4, "height": 3.7}
WHOLE = LOOK | {"panels": "channel", "share": 0.5, "width": 5.2, "height": 3.5}


def curves(
    sets: Sequence[MarkedSet], schemes: Schemes, rates: Collection[int], rate: int, aired: str
) -> Iterator[Figure]:
    """Over SNR, and Figure 9 over all symbols of an image, header section and caption included."""
    first, at = sets[0], f"bandwidth ratio {ratio(rate)}"
    compared = {"via": "torch", "scheme": tuple(schemes.found)}
    here = compared | {"dataset": first.title}
    yield Figure("foreground_psnr", "snr_db", "foreground_psnr", title=first.said,
                 where=here | {"rate": tuple(rates)}, **CURVES)  # fmt: skip
    for number, photos in enumerate(sets, 6):
        yield Figure(f"figure{number}", "snr_db", PERCEPTUAL,
                     where=compared | {"dataset": photos.title, "rate": rate},
                     title=f"Figure {number}: {at}, {photos.said}", **WHOLE)  # fmt: skip
    if schemes.drawn:
        drawn = {"scheme": (GENED, EDITED, *schemes.drawn), "channel": "awgn", "rate": rate}
        yield Figure("figure8_generative", "snr_db", PERCEPTUAL, where=here | drawn,
                     title=f"Figure 8: {at} or less, {first.said}", **WHOLE)  # fmt: skip
    yield Figure("figure9_overhead", "symbols",
                 ("foreground_psnr", "clip_score", "lpips", "brisque"),
                 where=here | {"channel": "awgn", "snr_db": SNR_DB}, width=4.8, height=3.9,
                 x_label="symbols of an image, caption included",
                 title=f"Figure 9: AWGN, {SNR_DB:g} dB, {first.said}", **LOOK)  # fmt: skip
    yield Figure("flowgraph", "snr_db", "foreground_psnr", where={"via": "flowgraph"},
                 title=f"Through GNU Radio: {aired}", **CURVES)  # fmt: skip


def all_tables(points: Sequence[Row], rows: Sequence[Row]) -> Iterator[Table]:
    """Quality by channel and bandwidth ratio, flowgraph, ablations, importance, counts, speed."""
    place = ("dataset", "channel", "rate")
    for metric in ("foreground_psnr", "psnr", "brisque", "ms_ssim"):
        yield from by_snr(of(points, via="torch"), metric, places=place)
    yield from by_snr(of(points, via="flowgraph"), "foreground_psnr",
                      "foreground PSNR through GNU Radio", place)  # fmt: skip
    yield from listed(LISTINGS, rows)


LISTINGS = (
    *(
        Listing(
            f"Table {name}: {SNR_DB:g} dB, AWGN, CBR {ratio(RATE)}",
            columns("scheme foreground_psnr psnr brisque lpips clip_score mask_iou steps",
                    scheme="variant", foreground_psnr="foreground PSNR", brisque="BRISQUE",
                    lpips="LPIPS", clip_score="CLIP-Score", mask_iou="mask IoU"),
            {"experiment": "ablation", "table": name},
        )
        for name in TABLES
    ),
    Listing("Importance beside the marked foregrounds",
            columns("name f_measure iou mae images", name="source", f_measure="F", iou="IoU",
                    mae="MAE", images="photos"), {"experiment": "importance"}, 3),
    Listing("Symbols of an image at CBR 1/24, 4 dB",
            columns("image size foreground background side mask_bits text text_bytes total",
                    side="header section", text="caption", text_bytes="caption bytes",
                    total="all symbols"), {"experiment": "counts"}, 0),
    Listing("Coding 256x256",
            columns("scheme precision threads encode_ms decode_ms", encode_ms="encode, ms",
                    decode_ms="decode, ms"), {"experiment": "speed"}, 0),
    Listing("Computing the selected patches alone",
            columns("part selected selected_ms all_ms saved", selected_ms="ms",
                    all_ms="all patches, ms"), {"experiment": "selected patches"}),
)  # fmt: skip
