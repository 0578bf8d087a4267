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
from gensc.data.images import fit, load_image
from gensc.data.named import Found, find, open_all
from gensc.demo.report import Case, Source, write_report
from gensc.editing.choose import NONE as NO_EDITOR
from gensc.link.run import EDIT_LIMIT_S, LinkRunner
from gensc.results.result import write_line
from gensc.system import codecs
from gensc.system.folders import writable_folder
from gensc.system.progress import progress
from gnuradio.gensc.image_files import image_size

if TYPE_CHECKING:
    from gensc_models.semantics.captions import Captioner

#: The sample photos are cropped and scaled to this shape; a user's own stay whole.
HEIGHT, WIDTH = 256, 384
#: Where heads would be cut off by cropping the middle: 0 keeps the top, 1 the bottom.
_CENTRE = {"astronaut": 0.05, "rocket": 0.5}


@dataclass(frozen=True)
class DemoSettings:
    """What the demo shows.

    Attributes:
        images: files, folders or ``skimage:NAME``; one that cannot be opened is left out.
        max_side: larger photos are scaled down to this; 0 leaves them.
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
    max_side: int = 512
    channels: Sequence[str] = ("awgn", "fading")
    snrs_db: Sequence[float] = (0, 5, 10, 15)
    model: str = ""
    refine: str = ""
    edit: str = NO_EDITOR
    edit_limit_s: float = EDIT_LIMIT_S
    caption: str = "auto"
    rate: int = codecs.DEFAULT_RATE
    seed: int = 1
    out: Path = Path("out")


@dataclass(frozen=True)
class DemoPhoto:
    """A photo as it is sent.

    Attributes:
        source: where it is from, and what has been done to it.
        image: uint8 H×W×3.
        caption: sent after it; None sends none.
    """

    source: Source
    image: NDArray[np.uint8]
    caption: str | None


def prepare(
    found: Found, max_side: int, captioner: Captioner | None, rate: int = codecs.DEFAULT_RATE
) -> DemoPhoto:
    """Open a photo: samples are cropped to one shape, others only scaled down where too large.

    Raises:
        UserError: it cannot be opened, or is larger than a receiver accepts.
    """
    image = load_image(found.path, max_side if not found.is_sample else 0)
    width, height = image_size(found.path)
    change = ""
    if found.is_sample:
        image = fit(image, HEIGHT, WIDTH, vertical=_CENTRE.get(found.name, 0.5))
        change = f"cropped and scaled from {width}×{height}"
    elif image.shape[:2] != (height, width):
        change = f"scaled down from {width}×{height}"
    codecs.check_fits(found.path, image.shape, rate)
    caption = captioner.caption(image, found.path) if captioner else None
    return DemoPhoto(Source(found.name, change, found.is_sample), image, caption)


def run_demo(settings: DemoSettings) -> Path:
    """Run it; returns the path of the report.

    Every result line is on disk as soon as its image is through.
    """
    writable_folder(settings.out)
    captioner = choose_captioner(settings.caption, lambda line: print(line, file=sys.stderr))

    def opened(one: Found) -> DemoPhoto:
        return prepare(one, settings.max_side, captioner, settings.rate)

    photos = open_all(find(settings.images), opened, lambda line: print(line, file=sys.stderr))
    for photo in photos:
        if photo.source.change and not photo.source.is_sample:
            print(f"{photo.source.name}: {photo.source.change}", file=sys.stderr)
    refine = settings.refine or codecs.default_refiner()
    runner = LinkRunner(
        settings.model,
        settings.rate,
        refine=refine,
        edit=settings.edit,
        edit_limit_s=settings.edit_limit_s,
    )
    cases: list[Case] = []
    points = list(product(range(len(photos)), settings.channels, settings.snrs_db))
    lines = settings.out / "results.jsonl"
    # A new file, not the old one emptied: somebody may be reading that.
    lines.unlink(missing_ok=True)
    with lines.open("x", encoding="utf-8") as stream, progress("demo", len(points)) as reporter:
        for number, channel, snr_db in points:
            photo = photos[number]
            name = photo.source.name
            reception = runner.send(
                photo.image,
                name,
                snr_db=snr_db,
                channel=channel,
                seed=settings.seed + number,
                text=photo.caption,
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
    write_report(
        report,
        cases,
        runner.codec.name,
        runner.rate,
        runner.scheme.sender_stages,
        runner.scheme.receiver_stages,
        [photo.source for photo in photos],
    )
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
