"""The demo: a few photos at several SNRs through the flowgraph, with a report."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gensc.caption.choose import choose_captioner
from gensc.data.images import display_name, fit, load_image
from gensc.demo.report import Case, write_report
from gensc.editing.choose import NONE as NO_EDITOR
from gensc.link.run import EDIT_LIMIT_S, LinkRunner
from gensc.results.result import write_line
from gensc.system import codecs
from gensc.system.progress import progress

if TYPE_CHECKING:
    from gensc_models.semantics.captions import Captioner

#: Photos of the demo are cropped and scaled to this shape.
HEIGHT, WIDTH = 256, 384
#: Where heads would be cut off by cropping the middle: 0 keeps the top, 1 the bottom.
_CENTRE = {"astronaut": 0.05, "rocket": 0.5}


@dataclass(frozen=True)
class DemoSettings:
    """What the demo shows.

    Attributes:
        images: files or ``skimage:NAME``.
        channels: of `gensc.link.channels.CHANNELS`.
        snrs_db: Es/N0.
        model, rate: codec and channel symbols per 16×16 block.
        caption: text section sent after each photo, see `gensc.caption.choose`; "": none.
        refine: refiner, "none", or "": the default one where it is installed.
        edit: editor, see `gensc.editing.choose`; "none": none.
        edit_limit_s: seconds an edit may take.
        seed: the photo's number is added to it.
        out: folder of report.html and results.jsonl.
    """

    images: Sequence[str]
    channels: Sequence[str] = ("awgn", "fading")
    snrs_db: Sequence[float] = (0, 5, 10, 15)
    model: str = ""
    refine: str = ""
    edit: str = NO_EDITOR
    edit_limit_s: float = EDIT_LIMIT_S
    caption: str = "auto"
    rate: int = 64
    seed: int = 1
    out: Path = Path("out")


def prepare(path: str, captioner: Captioner | None) -> tuple[str, NDArray[np.uint8], str | None]:
    """Name, pixels and caption of a photo of the demo."""
    name = display_name(path)
    image = fit(load_image(path, 4096), HEIGHT, WIDTH, vertical=_CENTRE.get(name, 0.5))
    return name, image, captioner.caption(image, path) if captioner else None


def run_demo(settings: DemoSettings) -> Path:
    """Run it; returns the path of the report.

    Every result line is on disk as soon as its image is through.
    """
    captioner = choose_captioner(settings.caption, lambda line: print(line, file=sys.stderr))
    photos = [prepare(path, captioner) for path in settings.images]
    refine = settings.refine or codecs.default_refiner()
    runner = LinkRunner(
        settings.model,
        settings.rate,
        refine=refine,
        edit=settings.edit,
        edit_limit_s=settings.edit_limit_s,
    )
    settings.out.mkdir(parents=True, exist_ok=True)
    cases: list[Case] = []
    points = list(product(range(len(photos)), settings.channels, settings.snrs_db))
    lines = settings.out / "results.jsonl"
    with lines.open("w", encoding="utf-8") as stream, progress("demo", len(points)) as reporter:
        for number, channel, snr_db in points:
            name, image, caption = photos[number]
            reception = runner.send(
                image,
                name,
                snr_db=snr_db,
                channel=channel,
                seed=settings.seed + number,
                text=caption,
                image_id=len(cases),
            )
            case = Case(
                reception,
                runner.result(reception),
                runner.refined_result(reception),
                runner.edited_result(reception),
            )
            for line in (case.result, case.refined, case.edited):
                if line is not None:
                    write_line(stream, line)
            cases.append(case)
            reporter.step(f"{name} over {channel} at {snr_db:g} dB: {_outcome(case)}")
    report = settings.out / "report.html"
    blocks = runner.scheme.sender_stages, runner.scheme.receiver_stages
    write_report(report, cases, runner.codec.name, runner.rate, *blocks)
    return report


def _outcome(case: Case) -> str:
    """The PSNR of a picture, and of what was made of it, in words."""
    result = case.result
    if "psnr" not in result.metrics:
        return "lost" if not result.received else "exact"
    made = [f"{result.metrics['psnr']:.2f}"]
    for what, better in (("refined", case.refined), ("edited", case.edited)):
        if better and "psnr" in better.metrics:
            made.append(f"{what} {better.metrics['psnr']:.2f}")
    return f"{', '.join(made)} dB PSNR"
