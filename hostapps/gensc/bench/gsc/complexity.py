"""Table I: what GSC costs per image, and what the receiver gains by serving several users at once.

The paper's table has run times alone (an RTX 4060: 15.66 s an image, 8.87 s with several users);
here parameters and multiply-accumulate operations stand beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import cycle, islice
from typing import Any

from gensc.experiment.figures import Figure
from gensc.experiment.grid import budget_of
from gensc.experiment.rows import Row, of
from gensc.experiment.scheme import Picture, Scheme, Section
from gensc.experiment.schemes.codec import CodecScheme
from gensc.experiment.schemes.wrapped import Refined
from gensc.experiment.ways import load_way
from gensc_models.metrics.cost import macs, milliseconds

EXPERIMENT = "complexity"
#: The paper's speed-up of MU-GSC over GSC, 15.66 s / 8.87 s.
PAPER_SPEED_UP = 15.66 / 8.87
USERS = (3, 32)
SNR_DB = 10.0
#: Names of the codec's parameters that the transmitter needs; the receiver needs the others.
ENCODER = ("encoder", "linear.analysis")
BARS = Figure(
    "table1_runtime", "users", "ms", where={"part": "receiver"}, hue="way", bars=True,
    labels={"serial": "one after another (GSC)", "batched": "in one batch (MU-GSC)"},
    y_label="ms an image at the receiver",
    title="Decoding and refining (the paper: 15.66 s → 8.87 s)",
)  # fmt: skip


def measure(scheme: Scheme, pictures: Sequence[Picture], rate: int, repeat: int) -> list[Row]:
    """Rows: one per part of the scheme, then one per number of users and way of serving them."""
    height, width = pictures[0].pixels.shape[:2]
    named = {"experiment": EXPERIMENT, "scheme": scheme.name, "size": f"{height}x{width}"}
    rows = [*_parts(scheme, pictures[0], rate, repeat), *_served(scheme, pictures, rate, repeat)]
    return [named | row for row in rows]


def _received(scheme: Scheme, pictures: Sequence[Picture], rate: int) -> list[tuple[Section, ...]]:
    """What a receiver hears of pictures at SNR_DB."""
    sent = scheme.send_many(pictures, budget_of(pictures[0].pixels, rate), SNR_DB)
    carried = load_way("torch").carry_many(sent, "awgn", SNR_DB, range(len(sent)))
    return [c.sections for c in carried]


def _parts(scheme: Scheme, picture: Picture, rate: int, repeat: int) -> Iterable[Row]:
    """Parameters, operations and milliseconds of encoder, decoder and refiner for one image."""
    from gensc_models.codecs.jscc import JsccCodec

    inner = scheme.inner if isinstance(scheme, Refined) else scheme
    assert isinstance(inner, CodecScheme)
    # Schemes here are of this project's networks, which can be counted.
    assert isinstance(inner.codec, JsccCodec)
    budget = budget_of(picture.pixels, rate)
    (sections,) = _received(scheme, [picture], rate)
    sizes = {name: p.numel() for name, p in inner.codec.network.named_parameters()}
    encoder = sum(size for name, size in sizes.items() if name.startswith(ENCODER))
    parts: dict[str, tuple[int, Callable[[], Any]]] = {
        "encoder": (encoder, lambda: inner.send(picture, budget, SNR_DB)),
        "decoder": (sum(sizes.values()) - encoder, lambda: inner.receive(sections)),
    }
    if isinstance(scheme, Refined):
        refiner, decoded = scheme.refiner, inner.receive(sections).image
        assert decoded is not None
        parts["refiner"] = (
            sum(p.numel() for p in refiner.network.parameters()),
            lambda: refiner.refine_images([decoded], [SNR_DB]),
        )
    total = {"parameters": 0, "macs": 0, "ms": 0.0}
    for name, (parameters, run) in parts.items():
        row = {"parameters": parameters, "macs": macs(run), "ms": milliseconds(run, repeat)}
        total = {key: total[key] + row[key] for key in total}
        yield {"part": name, **row}
    yield {"part": "all", **total}


def _served(scheme: Scheme, pictures: Sequence[Picture], rate: int, repeat: int) -> Iterable[Row]:
    """Milliseconds per image at the receiver: users one after another, and all in one batch."""

    def one_after_another(heard: Sequence[Sequence[Section]]) -> None:
        for sections in heard:
            scheme.receive(sections)

    for users in USERS:
        heard = _received(scheme, list(islice(cycle(pictures), users)), rate)
        ways: dict[str, Callable[[], Any]] = {
            "serial": partial(one_after_another, heard),
            "batched": partial(scheme.receive_many, heard),
        }
        for way, run in ways.items():
            ms = milliseconds(run, max(3, repeat // users)) / users
            yield {"part": "receiver", "users": users, "way": way, "ms": ms}


def speed_up(rows: Iterable[Row], users: int) -> list[float]:
    """How much faster the batch is than one user after another; none where not measured."""
    ms = {r["way"]: r["ms"] for r in of(rows, users=users)}
    return [ms["serial"] / ms["batched"]] if len(ms) == 2 else []
