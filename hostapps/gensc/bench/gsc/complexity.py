"""Table I: what GSC costs per image, and what the receiver gains by serving several users at once.

The paper's table has run times alone (an RTX 4060: 15.66 s an image, 8.87 s with several users);
here parameters and multiply-accumulate operations stand beside them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

import numpy as np

from gensc.bench.gsc import link
from gensc.bench.gsc.link import Images
from gensc.bench.gsc.schemes import System

EXPERIMENT = "complexity"
#: The paper's speed-up of MU-GSC over GSC, 15.66 s / 8.87 s.
PAPER_SPEED_UP = 15.66 / 8.87
USERS = (3, 32)
SNR_DB = 10.0
#: Names of the codec's parameters that the transmitter needs; the receiver needs the others.
ENCODER = ("encoder", "linear.analysis")


def measure(system: System, images: Images, rate: int, repeat: int) -> list[dict[str, Any]]:
    """Rows: one per part of the system, then one per number of users and way of serving them."""
    return [*_parts(system, images[0], rate, repeat), *_served(system, images, rate, repeat)]


def _parts(system: System, image: Images, rate: int, repeat: int) -> Iterable[dict[str, Any]]:
    """Parameters, operations and milliseconds of encoder, decoder and refiner for one image."""
    from gensc_models.codecs.jscc import JsccCodec
    from gensc_models.restore.refiner import Refiner

    codec, refiner = system.codec, system.refiner
    # Systems here are of this project's networks, which can be counted.
    assert isinstance(codec, JsccCodec)
    sent = codec.encode_image(image, rate, SNR_DB)
    symbols, noise_var = link.through(sent.symbols[None], "awgn", SNR_DB, 1)
    decoded = link.decode(codec, [sent], symbols, noise_var)
    sizes = {name: p.numel() for name, p in codec.network.named_parameters()}
    encoder = sum(size for name, size in sizes.items() if name.startswith(ENCODER))
    parts: dict[str, tuple[int, Callable[[], Any]]] = {
        "encoder": (encoder, lambda: codec.encode_image(image, rate, SNR_DB)),
        "decoder": (
            sum(sizes.values()) - encoder,
            lambda: link.decode(codec, [sent], symbols, noise_var),
        ),
    }
    if isinstance(refiner, Refiner):
        parts["refiner"] = (
            sum(p.numel() for p in refiner.network.parameters()),
            lambda: link.refine(refiner, decoded, noise_var),
        )
    total = {"parameters": 0, "macs": 0, "ms": 0.0}
    for name, (parameters, run) in parts.items():
        row = {"parameters": parameters, "macs": _macs(run), "ms": milliseconds(run, repeat)}
        total = {key: total[key] + row[key] for key in total}
        yield _row(system, image, part=name, **row)
    yield _row(system, image, part="all", **total)


def _row(system: System, image: Images, **values: Any) -> dict[str, Any]:
    height, width = image.shape[:2]
    return {
        "experiment": EXPERIMENT,
        "scheme": system.refined or system.scheme,
        "size": f"{height}x{width}",
        **values,
    }


def _served(system: System, images: Images, rate: int, repeat: int) -> Iterable[dict[str, Any]]:
    """Milliseconds per image at the receiver: users one after another, and all in one batch."""
    for users in USERS:
        receive = _receiver(system, np.resize(images, (users, *images.shape[1:])), rate)
        ways = {
            "serial": lambda receive=receive, users=users: [
                receive(i, i + 1) for i in range(users)
            ],
            "batched": lambda receive=receive, users=users: receive(0, users),
        }
        for way, run in ways.items():
            ms = milliseconds(run, max(3, repeat // users)) / users
            yield _row(system, images[0], part="receiver", users=users, way=way, ms=ms)


def _receiver(system: System, images: Images, rate: int) -> Callable[[int, int], None]:
    """Decodes and refines the received images of these numbers, first … last - 1, in one pass."""
    sent = system.codec.encode_images(images, rate, SNR_DB)
    received, noise_var = link.through(np.stack([e.symbols for e in sent]), "awgn", SNR_DB, 1)

    def receive(first: int, last: int) -> None:
        part = slice(first, last)
        shown = link.decode(system.codec, sent[part], received[part], noise_var[part])
        if system.refiner is not None:
            link.refine(system.refiner, shown, noise_var[part])

    return receive


def speed_up(rows: list[dict[str, Any]], users: int) -> float | None:
    """How much faster the batch is than one user after another; None where not measured."""
    ms = {r["way"]: r["ms"] for r in rows if r.get("users") == users}
    return ms["serial"] / ms["batched"] if len(ms) == 2 else None


def _macs(run: Callable[[], Any]) -> int:
    """Multiply-accumulate operations of matrix products and convolutions."""
    from torch.utils.flop_counter import FlopCounterMode

    counter = FlopCounterMode(display=False)
    with counter:
        run()
    return counter.get_total_flops() // 2


def milliseconds(run: Callable[[], Any], repeat: int) -> float:
    """Median over `repeat` runs after one that does not count."""
    run()
    spans = []
    for _ in range(repeat):
        started = time.perf_counter()
        run()
        spans.append(time.perf_counter() - started)
    return 1e3 * median(spans)
