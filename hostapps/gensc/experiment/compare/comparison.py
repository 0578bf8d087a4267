"""What a comparison has found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gensc.experiment.compare.settings import Settings
from gensc.experiment.rows import Row
from gensc.experiment.scheme import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn


@dataclass
class Comparison:
    """What a comparison has found.

    Attributes:
        settings: of it.
        rows: in the order of pictures and points.
        points: means with intervals.
        figures: by name.
        skipped: a line for each file that was left out.
        samples: (picture, scheme, channel) → received image, for the report.
        pictures: that were sent.
    """

    settings: Settings
    rows: list[Row]
    points: list[Row]
    figures: dict[str, Drawn]
    skipped: list[str]
    samples: dict[tuple[str, str, str], Any] = field(default_factory=dict)
    pictures: list[Picture] = field(default_factory=list)
