"""The GVIF map: importance, what is sent at a threshold, the information there and arriving."""

from __future__ import annotations

from gensc.adapt.bank import BLOCK
from gensc.adapt.system import pixels_of
from gensc.bench.cie.plan import Work
from gensc.experiment.base import BenchResult
from gensc.figures.picture_grid import Cell, sheet

#: Threshold of what is shown as sent.
ALPHA = 0.3


def run(work: Work) -> BenchResult:
    """A row of pictures per photo."""
    import torch

    from gensc_models.semantics.filtering import on_blocks
    from gensc_models.semantics.gvif import gvif, gvif_map
    from gensc_models.semantics.overlays import blanked

    bank, importance = work.system.bank, work.system.importance
    finest, middle = bank.points[0], bank.points[len(bank.points) // 2]
    lines = []
    for name, photo in work.photos[: work.plan.maps]:
        height, width = photo.shape[:2]
        blocks = on_blocks(importance(photo, name), height, width)
        sent = blocks >= ALPHA
        kept = torch.from_numpy(sent)[None, None]
        scales = bank.scales(photo, finest), bank.scales(photo, middle)
        arrives, there = gvif_map(*scales, kept, (height, width))[0].numpy()
        large = blocks.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)[:height, :width]
        lines.append([
            Cell(photo, name),
            Cell(large, f"importance: {importance.name}"),
            Cell(blanked(photo, pixels_of(sent, photo)),
                 f"sent at α {ALPHA:g}: {100 * sent.mean():.0f} % of the blocks"),
            Cell(there, f"information at point {finest}"),
            Cell(arrives, f"arriving at point {middle}: GVIF {float(gvif(*scales, kept)[0]):.3f}"),
        ])  # fmt: skip
    title = "GVIF map: visual information of every block, bright is much"
    return BenchResult("map", figures={"gvif_map": sheet(lines, title, width=2.9)})
