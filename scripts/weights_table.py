#!/usr/bin/env python3
"""Measures shipped weights and writes the table of all of them, `models/README.md`.

    python scripts/weights_table.py             measures what has no figures of its own tensors yet
    python scripts/weights_table.py NAME ...    measures these anew
    python scripts/weights_table.py --none      measures nothing: the table alone

Figures go to `figures.json` beside the weights (`gensc_models.catalogue.shipped`), which the tests
hold the weights against; core-hours, and the quality of what is no codec, come from the cards.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from gensc_models.catalogue import shipped
from gensc_models.weights.store import WeightsInfo, info
from gensc_phy.atomic import write_text

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "models" / "gensc_models" / "weights"
TABLE = ROOT / "models" / "README.md"
HEAD = """# Weights

Everything that is shipped in `gensc_models/weights`. This page is written by `python
scripts/weights_table.py`; a model whose weights change is measured by it again, and the tests hold
every codec to its PSNR here within {tolerance} dB.

MACs (of matrix products and convolutions) and milliseconds (of processor time, one thread) are
those of one image of 256×256 from end to end, of models of CIFAR-10 one of 32×32. The PSNR of
codecs is the mean over twelve images of 128×128, crops of four photos of scikit-image (32×32 for
CIFAR-10), over AWGN; a bank's points by their streams and, on the same weights, the code
`adaptive`. The images are small and few: the figures compare with each other, those on whole
photos stand in the cards. Core-hours are those of the training, from the cards.

| weights | kind | parameters, million | MiB | MACs, million | ms | quality | core-hours |
|---|---|---:|---:|---:|---:|---|---|
"""


def shipped_weights() -> list[WeightsInfo]:
    """All folders of weights in the sources, by name."""
    return [info(config.parent) for config in sorted(WEIGHTS.glob("*/config.json"))]


def row_of_card(entry: WeightsInfo, name: str) -> str:
    """What a card's table says behind a name; "–" where it has no such row."""
    card = (entry.path / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^\| {name}[^|]*\|(.*)\|$", card, re.MULTILINE)
    return found[1].strip() if found else "–"


def table(entries: list[WeightsInfo]) -> str:
    """The page, from the figures beside the weights and their cards."""
    lines = [HEAD.format(tolerance=shipped.TOLERANCE_DB)]
    for entry in entries:
        figures: dict[str, Any] = shipped.stored_figures(entry)
        rates: dict[str, float] = figures.get("bits_per_pixel", {})
        psnr = "; ".join(
            f"{where} {db:.2f} dB" + (f" ({rates[where]:.3f} bit/pixel)" if where in rates else "")
            for where, db in figures["psnr_db"].items()
        )
        card = f"gensc_models/weights/{entry.name}/README.md"
        cells = (
            f"[`{entry.name}`]({card})", entry.kind, f"{figures['parameters'] / 1e6:.2f}",
            f"{entry.size_bytes / 2**20:.1f}", f"{figures['million_macs']:,.0f}",
            f"{figures['processor_ms']:.0f}", psnr or row_of_card(entry, "Quality"),
            row_of_card(entry, "Core-hours"),
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |\n")
    return "".join(lines)


def main(arguments: list[str]) -> int:
    """Measures and writes; the exit status."""
    import torch

    torch.set_num_threads(1)
    entries = shipped_weights()
    unknown = set(arguments) - {e.name for e in entries} - {"--none"}
    if unknown:
        print(f"no weights called {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    for entry in entries:
        stale = shipped.stored_figures(entry).get("sha256") != entry.sha256
        if entry.name in arguments or (stale and not arguments):
            figures = shipped.figures_of(entry.path)
            write_text(entry.path / shipped.FIGURES, json.dumps(figures, indent=2) + "\n")
            print(f"{entry.name}: {figures}", flush=True)
    write_text(TABLE, table(entries))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
