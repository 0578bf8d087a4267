#!/usr/bin/env python3
"""Measures the table that `--model auto` chooses by, and writes it beside the bank's weights.

    python scripts/family_table.py DIR/*

Photos are halved and their middle is taken, so that the grain of JPEG files does not count.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from gensc_models.catalogue.shared import shared_bank, shared_codec
from gensc_models.codecs.auto.codec import ANALOG, family
from gensc_models.codecs.auto.measure import measure
from gensc_models.codecs.auto.table import TABLE
from gensc_models.data.photos import Photo, centre_crop
from gensc_models.weights import store
from gensc_phy.atomic import write_text

RATES = (16, 32, 64)
SNRS_DB = (-2.0, 1.0, 4.0, 8.0, 13.0, 20.0)
SPREADS_DB = (0.0, 1.0, 5.0)


def load(path: Path, side: int) -> Photo:
    """The middle of a photo at half its size, at most ``side`` pixels a side."""
    with Image.open(path) as file:
        picture = file.convert("RGB")
        half = picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.BOX)
    return centre_crop(np.asarray(half), side)


def main() -> None:
    """Measures and writes."""
    shown = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=shown)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--limit", type=int, default=4, help="at most so many, evenly spread")
    parser.add_argument("--side", type=int, default=224, help="pixels")
    parser.add_argument("--bank", default=store.BANK, help="name or folder of its weights")
    parser.add_argument("--analog", default=ANALOG, help="name or folder of its weights")
    parser.add_argument("--rates", default=",".join(map(str, RATES)))
    parser.add_argument("--snrs", default=",".join(f"{s:g}" for s in SNRS_DB))
    parser.add_argument("--spreads", default=",".join(f"{s:g}" for s in SPREADS_DB))
    parser.add_argument("--out", type=Path, help=f"default: {TABLE} beside the bank's weights")
    given = parser.parse_args()
    places = np.linspace(0, len(given.photos) - 1, given.limit).round().astype(int)
    files = [given.photos[i] for i in np.unique(places)]
    photos = [(file.name, load(file, given.side)) for file in files]
    bank = shared_bank(given.bank)
    table = measure(
        family(bank, shared_codec(given.analog)),
        bank,
        photos,
        [int(r) for r in given.rates.split(",")],
        [float(s) for s in given.snrs.split(",")],
        [float(s) for s in given.spreads.split(",")],
        lambda note: print(note, flush=True),
    )
    out = given.out or store.locate(given.bank) / TABLE
    write_text(out, json.dumps(table.as_json(), separators=(",", ":")) + "\n")
    print(f"wrote {out}")


if __name__ == "__main__":
    main()
