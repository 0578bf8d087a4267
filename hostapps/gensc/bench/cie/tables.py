"""What `gensc bench cie` prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gensc.bench.cie import adaptation, distance, link, pictures, rate
from gensc.bench.cie.rows import Row, of
from gensc.experiment.base import Table


def all_tables(rows: Sequence[Row], images: str) -> Iterable[Table]:
    """One table per experiment that has rows."""
    for title, columns, found, digits in (
        (
            f"Codec bank and JPEG 2000 at the same bytes, {images}",
            {"level": "point", "bpp": "bit/pixel", "psnr": "PSNR dB", "jpeg2000": "JPEG 2000 dB",
             "excess_percent": "over the likelihood %"},
            _beside(rows),
            2,
        ),
        (
            "Codec, one image, CPU",
            {"size": "size", "threads": "threads", "encode_ms": "encode ms",
             "decode_ms": "decode ms"},
            of(rows, rate.TIMING),
            0,
        ),
        (
            "Algorithm 1 and exhaustive search",
            {"transport": "transport", "snr_db": "Es/N0 dB", "feasible": "limits met",
             "gvif_algorithm1": "GVIF, Algorithm 1", "gvif_search": "GVIF, search",
             "algorithm1_ms": "ms", "search_ms": "ms, search"},
            of(rows, adaptation.SOLVERS),
            3,
        ),
        (
            "T_max 20 ms, 1 MHz, mask PSNR of at least 30 dB",
            {"transport": "transport", "scheme": "scheme", "snr_db": "Es/N0 dB", "point": "point",
             "alpha": "α", "gvif_within_limits": "GVIF", "mask_psnr_db": "mask PSNR dB"},
            of(rows, adaptation.ADAPTATION),
            3,
        ),
        (
            "Over the burst waveform",
            {"scheme": "scheme", "snr_db": "Es/N0 dB", "mcs": "MCS", "images": "images",
             "delivered": "delivered %", "kbit": "kbit", "gvif": "GVIF",
             "mask_psnr": "mask PSNR dB"},
            of(rows, link.EXPERIMENT),
            2,
        ),
        (
            "Single images in 30 ms at the capacity",
            {"image": "image", "snr_db": "Es/N0 dB", "scheme": "scheme", "kbit": "kbit",
             "alpha": "α", "mask_psnr": "mask PSNR dB", "psnr": "PSNR dB"},
            of(rows, pictures.EXPERIMENT),
            2,
        ),
        (
            "Distance of the sets of images",
            {"metric": "metric", "scheme": "scheme", "alpha": "α", "latency_ms": "latency ms",
             "gvif": "GVIF", "distance": "distance"},
            of(rows, distance.EXPERIMENT),
            3,
        ),
    ):  # fmt: skip
        if found:
            yield Table(title, columns, found, digits)


def _beside(rows: Sequence[Row]) -> list[Row]:
    """The bank's rows with JPEG 2000 in a column."""
    found = of(rows, rate.EXPERIMENT)
    theirs = {r["level"]: r["psnr"] for r in of(found, rate.EXPERIMENT, scheme=rate.JPEG2000)}
    return [
        r | {"jpeg2000": theirs[r["level"]], "excess_percent": 100 * r["excess"]}
        for r in of(found, rate.EXPERIMENT, scheme=rate.BANK)
    ]
