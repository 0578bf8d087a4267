"""What every image costs: symbols of all its parts, milliseconds of coding, and what computing
only the selected patches saves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np
import torch

from gensc.bench.gened.schemes import GENED, SWIN, Schemes
from gensc.data.images import fit
from gensc.experiment.grid import budget_of
from gensc.experiment.marked import Marked, MarkedSet
from gensc.experiment.means import means
from gensc.experiment.rows import Row
from gensc.experiment.scheme import Scheme
from gensc.experiment.schemes.codec import CodecScheme
from gensc.experiment.ways import load_way
from gensc.system.machine import cores
from gensc_models.codecs.gened.codec import GenedCodec
from gensc_models.codecs.gened.measure import foreground_branches
from gensc_models.codecs.jscc import CodecConfig, JsccCodec
from gensc_models.codecs.swin.network import PHOTO_BASE
from gensc_models.metrics.cost import milliseconds
from gensc_models.semantics.captions import LayoutCaptioner

#: The size, bandwidth ratio and SNR of the paper's own count: 8192 symbols without the caption.
SIDE, RATE, SNR_DB = 256, 32, 4.0
COLUMNS = ("foreground", "background", "side", "side_bits", "mask_bits", "text", "text_bytes",
           "total")  # fmt: skip
COUNTS, PRECISIONS = {"experiment": "counts"}, {32: "float32", 16: "bfloat16"}
BASE = "swinjscc-base, untrained"


def cut(image: Marked, side: int = SIDE) -> Marked:
    """The photo as a square, by default of the paper's size; its foreground is not needed."""
    pixels = fit(image.pixels, side, side)
    return replace(image, pixels=pixels, caption=LayoutCaptioner().caption(pixels), mask=None)


def counts(photos: MarkedSet, scheme: Scheme) -> Iterator[Row]:
    """A row per photo cut to the paper's size and as it is, then the mean of each."""
    for pictures in ([cut(image) for image in photos.photos], photos.photos):
        rows = []
        for picture in pictures:
            sent = scheme.send(picture, budget_of(picture.pixels, RATE), SNR_DB)
            total = {"text": sent.count("text"), "total": sent.symbols.payload}
            found = dict.fromkeys(COLUMNS, 0) | sent.facts | total
            about = {"image": picture.name, "size": "{}x{}".format(*picture.pixels.shape)}
            rows.append(COUNTS | about | {name: found[name] for name in COLUMNS})
        (mean,) = means(rows, COLUMNS, ("experiment",))
        about = {"image": "mean", "size": " ".join(dict.fromkeys(row["size"] for row in rows))}
        yield from [*rows, COUNTS | about | {name: mean[name] for name in COLUMNS}]


def measure(image: Marked, schemes: Schemes, repeat: int, with_base: bool) -> Iterator[Row]:
    """Rows of every codec and precision, then of the branches with and without selection.

    Args:
        image: a square.
        schemes: of which the dual-branch codec and SwinJSCC are timed.
        repeat: the median of so many runs.
        with_base: time SwinJSCC in the size of its paper as well, which takes longest: around this
            project's linear code, with random weights.
    """
    timed = [s for n in (GENED, SWIN) if isinstance(s := schemes.found.get(n), CodecScheme)]
    if with_base:
        torch.manual_seed(0)
        timed.append(CodecScheme(JsccCodec(CodecConfig(BASE, network=PHOTO_BASE)), BASE))
    threads = torch.get_num_threads()
    torch.set_num_threads(cores())
    try:
        for scheme, bits in product(timed, (32, 16)):
            with nullcontext() if bits == 32 else torch.autocast("cpu", torch.bfloat16):
                yield _row(scheme, image, repeat) | {"precision": PRECISIONS[bits]}
        for dual in (s.codec for s in timed if isinstance(s.codec, GenedCodec)):
            yield from _shares(dual, image, repeat)
    finally:
        torch.set_num_threads(threads)


def _row(scheme: CodecScheme, image: Marked, repeat: int) -> Row:
    budget = budget_of(image.pixels, RATE)
    sent = scheme.send(image, budget, SNR_DB)
    heard = load_way("torch").carry(sent, "awgn", SNR_DB, 1, budget).sections
    assert isinstance(scheme.codec, JsccCodec | GenedCodec)
    return {
        "experiment": "speed", "scheme": scheme.name, "threads": torch.get_num_threads(),
        "size": "{}x{}".format(*image.pixels.shape),
        "parameters": sum(p.numel() for p in scheme.codec.network.parameters()),
        "encode_ms": milliseconds(lambda: scheme.send(image, budget, SNR_DB), repeat),
        "decode_ms": milliseconds(lambda: scheme.receive(heard), repeat),
    }  # fmt: skip


def _shares(codec: GenedCodec, image: Marked, repeat: int) -> Iterator[Row]:
    """Both foreground branches with the patches of the mask sent, and with all of them."""
    mask = codec.route(image.pixels, RATE, SNR_DB).mask
    for end, run in foreground_branches(codec, len(mask)).items():
        some, every = (milliseconds(partial(run, m), repeat) for m in (mask, np.ones_like(mask)))
        yield {
            "experiment": "selected patches", "part": f"foreground branch, {end}",
            "scheme": GENED, "selected": float(mask.mean()), "selected_ms": some, "all_ms": every,
            "saved": 1.0 - some / every,
        }  # fmt: skip
