"""What stages do with images, and how a worker process is asked for it.

Models are imported where they are made: a worker loads what its own work needs.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Job:
    """An image on its way through the stages.

    Attributes:
        key: in the archive.
        image: uint8 H×W×3, as the stage before left it.
        began_at: when its last sample came, s of `time.monotonic`.
        snr_db: Es/N0 that it was received at.
        keep: which blocks of 16×16 pixels were sent, [ceil(H/16), ceil(W/16)]; None: all.
        caption: that came with it.
    """

    key: str
    image: Image
    began_at: float
    snr_db: float | None = None
    keep: NDArray[np.bool_] | None = None
    caption: str = ""


#: The images of several jobs, in their order: None where there was nothing to do.
Work = Callable[[Sequence[Job]], Sequence[Any]]


@dataclass(frozen=True)
class Command:
    """How a worker process makes its `Work`: "module:function", called with the options.

    Attributes:
        target: the function.
        options: what JSON can hold.
        says: whose work it is, for results: name of the weights.
    """

    target: str
    options: dict[str, Any] = field(default_factory=dict)
    says: str = ""

    def words(self) -> list[str]:
        """For a command line."""
        return [self.target, json.dumps(self.options, allow_nan=False)]


def refine(model: str, seed: int = 0) -> Work:
    """A refiner, on the GPU where there is one; images of one size go together.

    Raises:
        ValueError: no such weights.
    """
    from gensc_models.catalogue import plugins
    from gensc_models.catalogue.shared import shared_plugged_editor
    from gensc_models.restore.refiner import load_refiner

    plugged = plugins.names_one(plugins.EDITOR, model)
    refiner = shared_plugged_editor(model) if plugged else load_refiner(model, _device())

    def work(jobs: Sequence[Job]) -> Sequence[Any]:
        made: list[Image | None] = [None] * len(jobs)
        sizes = defaultdict(list)
        for n, job in enumerate(jobs):
            if job.snr_db is not None:
                sizes[job.image.shape].append(n)
        for alike in sizes.values():
            images = [jobs[n].image for n in alike]
            snrs = [float(jobs[n].snr_db or 0.0) for n in alike]
            for n, image in zip(alike, refiner.refine_images(images, snrs, seed), strict=True):
                made[n] = image
        return made

    return work


def inpaint(model: str, seed: int = 0) -> Work:
    """An inpainter, on the GPU where there is one; images of which all was sent are left alone.

    Raises:
        ValueError: no such model.
    """
    from gensc_models.catalogue.inpainters import load_inpainter
    from gensc_models.restore.inpainting import keep_of_blocks
    from gnuradio.gensc.metadata import BLOCK

    inpainter = load_inpainter(model, _device())

    def one(job: Job) -> Image | None:
        if job.keep is None or job.keep.all():
            return None
        height, width = job.image.shape[:2]
        keep = keep_of_blocks(job.keep, height, width, BLOCK)
        return inpainter.inpaint(job.image, keep, job.caption, seed)

    return lambda jobs: [one(job) for job in jobs]


def edit(editor: str, limit_s: float, seed: int = 0) -> Work:
    """An editor within its limits; what it has left as it was, is nothing new.

    Raises:
        ValueError: no such editor.
    """
    from gensc.editing.choose import choose_editor
    from gensc_models.restore.editing import SafeEditor
    from gensc_models.restore.inpainting import keep_of_blocks
    from gnuradio.gensc.metadata import BLOCK

    chosen = choose_editor(editor)
    if chosen is None:
        raise ValueError("no editor is named")
    safe = SafeEditor(chosen, limit_s)

    def one(job: Job) -> Image | None:
        mask = None
        if job.keep is not None:
            height, width = job.image.shape[:2]
            mask = keep_of_blocks(job.keep, height, width, BLOCK).astype(np.float32)
        outcome = safe.edit(job.image, job.caption, mask, job.snr_db, seed)
        return outcome.image if outcome.changed else None

    return lambda jobs: [one(job) for job in jobs]


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
