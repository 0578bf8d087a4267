"""Images over a channel, and several schemes beside each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from gensc.data.images import display_name, load_image
from gensc.experiment.grid import Grid, Outcome, collect
from gensc.experiment.rows import row_of
from gensc.experiment.scheme import Picture, Scheme
from gensc.experiment.ways import load_way
from gensc.system.codecs import DEFAULT_RATE, check_rate, check_snrs
from gensc.system.errors import UserError

if TYPE_CHECKING:
    from gensc_models.codecs.codec import Codec

Image = NDArray[np.uint8] | str | Path
"""uint8 H×W×3, or a file, or `skimage:NAME`."""
Via = Literal["torch", "bursts", "flowgraph"]
FIDELITY = ("psnr", "ssim")


@dataclass(frozen=True, eq=False)
class Reception:
    """What came of an image.

    Attributes:
        image: uint8 H×W×3; None where it is lost.
        events: what became of it besides: "lost" and why, "text" (exact, repaired or dropped),
            "edit".
        figures: the line of the results contract: psnr, ssim … where asked for, cbr, symbols,
            snr_measured_db, fragments_lost, latency_ms, weights, seed, versions.
        text: the caption as far as it is certainly right.
    """

    image: NDArray[np.uint8] | None
    events: Mapping[str, Any]
    figures: Mapping[str, Any]
    text: str = ""


def send(
    image: Image,
    scheme: str | Codec | Any = "deepjscc-photo",
    *,
    via: Via = "torch",
    channel: str = "awgn",
    snr_db: float = 10.0,
    rate: int = DEFAULT_RATE,
    seed: int = 1,
    caption: str = "",
    metrics: Collection[str] = FIDELITY,
) -> Reception:
    """Send an image and receive it.

    Args:
        image: what is sent.
        scheme: as `gensc compare --scheme` takes it (a codec by name, by `file.py:CLASS` or by
            folder, `jpeg+ldpc` …, and behind a "+" what stands around it: `gened-photo+caption`,
            `deepjscc-photo+refiner-photo`), or an object that is a codec.
        via: what carries the symbols: `torch`, a channel without a waveform whose receiver is told
            its state; `bursts`, the OFDM bursts in NumPy; `flowgraph`, the same in GNU Radio.
        channel: a name; which there are depends on `via`.
        snr_db: Es/N0, of the channel and for the encoder.
        rate: complex symbols per 16×16 block, 1 … 128; the bandwidth ratio is rate / 768.
        seed: of channel and noise.
        caption: of the image, for schemes that send or use one.
        metrics: of the received image, as `gensc compare --metrics` names them.

    Raises:
        ValueError: no such scheme, file, channel or way; one line.
    """
    rows = _run([_scheme(scheme)], [_picture(image, caption)], via, [channel], [snr_db], [rate],
                [seed], metrics)  # fmt: skip
    outcome, row = rows[0]
    shown = outcome.received.image if outcome.shown else None
    return Reception(shown, outcome.received.events, row, outcome.received.text)


def compare(
    schemes: Sequence[str | Codec | Any],
    images: Sequence[Image],
    *,
    via: Via = "torch",
    channels: Sequence[str] = ("awgn",),
    snrs_db: Sequence[float] = (0.0, 5.0, 10.0, 15.0, 20.0),
    rates: Sequence[int] = (DEFAULT_RATE,),
    seeds: Sequence[int] = (1,),
    metrics: Collection[str] = FIDELITY,
) -> list[dict[str, Any]]:
    """Every scheme on every image at every point, over the same channels: one row each.

    Arguments as of `send`, errors too. `gensc compare` does the same with figures and a report.
    """
    pictures = [_picture(image, "", number) for number, image in enumerate(images)]
    made = _run([_scheme(s) for s in schemes], pictures, via, channels, snrs_db, rates, seeds,
                metrics, keep=False)  # fmt: skip
    return [row for _, row in made]


def _run(
    schemes: Sequence[Scheme],
    pictures: Sequence[Picture],
    via: Via,
    channels: Sequence[str],
    snrs_db: Sequence[float],
    rates: Sequence[int],
    seeds: Sequence[int],
    metrics: Collection[str],
    keep: bool = True,
) -> list[tuple[Outcome, dict[str, Any]]]:
    way = load_way(via)
    for channel in channels:
        if channel not in way.channels:
            raise UserError(f"channel {channel!r}: by {via} there are {', '.join(way.channels)}")
    grid = Grid(
        schemes=schemes,
        channels=channels,
        rates=[check_rate(rate) for rate in rates],
        snrs_db=check_snrs(list(snrs_db)),
        seeds=seeds,
        metrics=metrics,
        kept=lambda point, picture: keep,
    )
    return [(outcome, row_of(outcome, way)) for outcome in collect(grid, pictures, way)]


def _picture(image: Image, caption: str, number: int = 0) -> Picture:
    if isinstance(image, str | Path):
        return Picture(display_name(image), load_image(image), caption)
    pixels = np.asarray(image)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise UserError(f"image of {pixels.dtype} {pixels.shape}: expected uint8 HxWx3")
    return Picture(f"image {number}", pixels, caption)


def _scheme(scheme: Any) -> Scheme:
    """A scheme of a name, of a codec, or of whatever has a codec's methods."""
    if isinstance(scheme, Scheme):
        return scheme
    if isinstance(scheme, str | Path):
        from gensc.experiment.schemes.load import load_scheme

        return load_scheme(str(scheme))
    from gensc.experiment.schemes.codec import CodecScheme
    from gensc_models.catalogue.codecs import guarded

    return CodecScheme(guarded(scheme))
