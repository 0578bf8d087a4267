"""What coding a photo of 256×256 takes, and what computing only the selected patches saves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gensc.bench.gened.counts import RATE, SIDE, SNR_DB
from gensc.bench.gened.data import Marked
from gensc.bench.gened.schemes import GENED, SWIN, DualBranch, OneStream, Scheme, Schemes
from gensc.bench.gsc.complexity import milliseconds
from gensc.bench.gsc.link import through
from gensc.data.images import fit
from gensc.system.machine import cores
from gensc.system.weights import Weights
from gensc_models.codecs.gened.attention import Guides
from gensc_models.codecs.gened.branches import SwinBranch
from gensc_models.codecs.gened.config import TOKEN
from gensc_models.codecs.jscc import CodecConfig, JsccCodec
from gensc_models.codecs.swin.network import PHOTO_BASE
from gensc_models.data.photos import BLOCK
from gensc_models.semantics.captions import LayoutCaptioner

EXPERIMENT, SHARE = "speed", "selected patches"
BASE = "swinjscc-base, untrained"
#: SwinJSCC, base, without modulation, on two cores: milliseconds to encode and to decode.
REFERENCE_MS = {"float32": (321.0, 288.0), "bfloat16": (133.0, 102.0)}


def measure(
    photo: Marked, schemes: Schemes, repeat: int, with_base: bool
) -> Iterable[dict[str, Any]]:
    """Rows of every codec and precision, then of the branches with and without selection.

    Args:
        photo: cut to 256×256.
        schemes: of which the dual-branch codec and SwinJSCC are timed.
        repeat: the median of so many runs.
        with_base: time SwinJSCC in the size of its paper as well, which takes longest.
    """
    picture = fit(photo.photo, SIDE, SIDE)
    image = Marked(photo.name, picture, picture[..., 0], LayoutCaptioner().caption(picture))
    timed = [schemes.found[name] for name in (GENED, SWIN) if name in schemes.found]
    threads = torch.get_num_threads()
    torch.set_num_threads(cores())
    try:
        for scheme in (*timed, *([_base()] if with_base else [])):
            for precision in ("float32", "bfloat16"):
                yield _row(scheme, image, precision, repeat)
        dual = schemes.found.get(GENED)
        if isinstance(dual, DualBranch):
            yield from _shares(dual, image, repeat)
    finally:
        torch.set_num_threads(threads)


def _base() -> OneStream:
    """SwinJSCC in the size of its paper around this project's linear code, with random weights."""
    torch.manual_seed(0)
    codec = JsccCodec(CodecConfig(BASE, network=PHOTO_BASE))
    return OneStream(BASE, codec, Weights(BASE, ""))


def _row(scheme: Scheme, image: Marked, precision: str, repeat: int) -> dict[str, Any]:
    context = nullcontext() if precision == "float32" else torch.autocast("cpu", torch.bfloat16)
    with context:
        sent = scheme.send(image, RATE, SNR_DB)
        received, noise_var = through(sent.symbols[None], "awgn", SNR_DB, 1)
        encode = milliseconds(lambda: scheme.send(image, RATE, SNR_DB), repeat)
        decode = milliseconds(lambda: sent.receive(received[0], noise_var[0]), repeat)
    return {
        "experiment": EXPERIMENT,
        "scheme": scheme.name,
        "size": f"{SIDE}x{SIDE}",
        "precision": precision,
        "threads": torch.get_num_threads(),
        "parameters": _parameters(scheme),
        "encode_ms": encode,
        "decode_ms": decode,
    }


def _parameters(scheme: Scheme) -> int:
    codec = scheme.codec  # type: ignore[attr-defined]
    return sum(p.numel() for p in codec.network.parameters())


@torch.inference_mode()
def _shares(scheme: DualBranch, image: Marked, repeat: int) -> Iterable[dict[str, Any]]:
    """Both foreground branches with the patches of the mask sent, and with all of them."""
    network, config = scheme.codec.network, scheme.codec.config.network
    mask = scheme.codec.route(image.photo, RATE, SNR_DB).mask
    for end, branches, width in (
        ("transmitter", network.transmitter.branches, config.width),
        ("receiver", network.receiver.branches, config.trunk.decoder_width_4),
    ):
        run = _branch(branches.foreground, width, config.condition)
        ms = {
            name: milliseconds(lambda run=run, chosen=chosen: run(chosen), repeat)
            for name, chosen in (("mask", mask), ("all", np.ones_like(mask)))
        }
        yield {
            "experiment": SHARE,
            "scheme": scheme.name,
            "part": f"foreground branch, {end}",
            "selected": float(mask.mean()),
            "selected_ms": ms["mask"],
            "all_ms": ms["all"],
            "saved": 1.0 - ms["mask"] / ms["all"],
        }


def _branch(
    branch: SwinBranch, width: int, condition: int
) -> Callable[[NDArray[np.bool_]], torch.Tensor]:
    """The branch on features of noise: what it takes depends on the mask alone."""
    drawn = torch.Generator().manual_seed(1)
    side, blocks = SIDE // TOKEN, SIDE // BLOCK
    features = torch.randn(1, width, side, side, generator=drawn)
    offsets = torch.randn(1, 2, side, side, generator=drawn)
    guides = Guides(offsets, torch.ones(1, width, 1, 1), torch.ones(1, 1, side, side))
    scalars = torch.randn(1, blocks, blocks, condition, generator=drawn)
    return lambda mask: branch(features, torch.from_numpy(mask)[None], guides, scalars)
