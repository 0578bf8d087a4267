"""What is compared: a scheme makes sections of channel symbols of a picture, and a picture of them.

Every system of the project is one `Scheme`: analog codecs, images as files behind LDPC and QAM,
text, and any of them with a caption, a refiner or an editor. How the sections travel is a way's
business (`gensc.experiment.ways`); what becomes of pictures and schemes over a grid of operating
points is `gensc.experiment.grid`'s::

    picture ─ send ─ sections ─ way (torch, bursts, flowgraph) ─ sections ─ receive ─ picture
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gensc.results.result import Symbols
from gensc.system.weights import Weights

Photo = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Kind = Literal["analog", "bits", "text"]


@dataclass(frozen=True, eq=False)
class Picture:
    """An image that is sent.

    Attributes:
        name: unique among those of an experiment.
        pixels: uint8 H×W×3.
        caption: what it shows; "" where nobody says.
        mask: bool H×W, what matters in it; None where nobody says. Schemes are judged by it and
            not told.
    """

    name: str
    pixels: Photo
    caption: str = ""
    mask: Mask | None = None


@dataclass(frozen=True, eq=False)
class Section:
    """Symbols of one kind with what a burst header says of them.

    Attributes:
        kind: of payload.
        symbols: complex64 [N], unit mean power over the analog sections of an image.
        height, width: of the image, pixels.
        rate: symbols per 16×16 block of an analog section, MCS index of bits and text.
        total: N of an analog section, payload bytes of bits and text.
        aux: side information of the codec.
        weights: fingerprint of the codec's weights; 0 where none applies.
        stream: which of the image's sections of this kind, where it has several.
        header: nothing of the image can be decoded without it. The way `torch`, which has no burst
            headers, counts it as it counts nothing of those, and takes both to arrive.
        noise_var: total variance of each symbol's noise, float32 [N], infinite where it is lost;
            None at the sender.
    """

    kind: Kind
    symbols: NDArray[np.complex64]
    height: int
    width: int
    rate: int
    total: int
    aux: int = 0
    weights: int = 0
    stream: int = 0
    header: bool = False
    noise_var: NDArray[np.float32] | None = None

    def heard(self, symbols: NDArray[np.complex64], noise_var: NDArray[np.float32]) -> Section:
        """The section as a receiver has it."""
        return replace(self, symbols=symbols, noise_var=noise_var)

    @property
    def variances(self) -> NDArray[np.float32]:
        """`noise_var` of a received section; zeros of one that no channel has touched."""
        if self.noise_var is None:
            return np.zeros(len(self.symbols), np.float32)
        return self.noise_var

    @property
    def snr_db(self) -> float:
        """Mean Es/N0 of what was heard of it, dB; infinite without noise, NaN where all is lost."""
        known = self.variances[np.isfinite(self.variances)].astype(np.float64)
        if not known.size:
            return float("nan")
        mean = known.mean()
        return float(-10.0 * np.log10(mean)) if mean > 0 else float("inf")


@dataclass(frozen=True, eq=False)
class Sent:
    """A picture on its way.

    Attributes:
        sections: in the order in which they go on the air.
        mask: bool H×W, what the sender takes for foreground; None for schemes without one.
        facts: further counts and choices of the scheme, for its rows.
    """

    sections: tuple[Section, ...]
    mask: Mask | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def count(self, kind: Kind) -> int:
        """Channel symbols of all sections of a kind."""
        return sum(len(s.symbols) for s in self.sections if s.kind == kind)

    @property
    def symbols(self) -> Symbols:
        """All of them by kind, without what a waveform adds."""
        return Symbols(self.count("analog"), self.count("bits"), self.count("text"))


@dataclass(frozen=True, eq=False)
class Received:
    """What a receiver makes of an image.

    Attributes:
        image: uint8 H×W×3; None where there is nothing to show.
        events: what became of it besides: "lost" and why, "edit", and "text": exact, repaired or
            dropped.
        mask: float32 H×W, 1 where the header section says foreground; None where none says.
        text: the caption as far as it is certainly right.
        snr_db: Es/N0 behind the equaliser, mean over its analog symbols.
    """

    image: Photo | None
    events: dict[str, Any] = field(default_factory=dict)
    mask: NDArray[np.float32] | None = None
    text: str = ""
    snr_db: float = float("nan")


def lost(reason: str) -> Received:
    """Nothing to show, and why."""
    return Received(None, {"lost": reason})


def best(
    sections: Iterable[Section], kind: Kind, weights: int = 0, stream: int = 0
) -> Section | None:
    """The section of a kind, codec and stream of which most was heard: a false header may have
    made another one; None without any."""
    named = kind, weights, stream
    fitting = [s for s in sections if (s.kind, s.weights, s.stream) == named]
    return max(fitting, key=lambda s: int(np.isfinite(s.variances).sum()), default=None)


class Scheme(ABC):
    """A way to make channel symbols of a picture and a picture of what is heard of them.

    Attributes:
        name: what rows and figures call it.
        weights: of its networks, the codec's first.
    """

    name: str
    weights: tuple[Weights, ...] = ()

    @abstractmethod
    def send(self, picture: Picture, budget: int, snr_db: float) -> Sent:
        """Sections of at most `budget` complex symbols together, made for an Es/N0 in dB.

        Raises:
            ValueError: it cannot be done with so few symbols.
        """

    @abstractmethod
    def receive(self, sections: Sequence[Section]) -> Received:
        """What is made of the sections that arrived, in any order, damaged or missing; it never
        raises for what it hears."""

    def send_many(self, pictures: Sequence[Picture], budget: int, snr_db: float) -> list[Sent]:
        """Several pictures of one size; schemes override it where that is faster."""
        return [self.send(picture, budget, snr_db) for picture in pictures]

    def receive_many(self, arrived: Sequence[Sequence[Section]]) -> list[Received]:
        """What is made of several pictures of one size."""
        return [self.receive(sections) for sections in arrived]

    def variants(self, channel: str) -> Sequence[Scheme]:
        """Settings among which a sender would choose for a channel; at each point the one best on
        average counts. Their `setting` tells them apart."""
        return (self,)

    @property
    def setting(self) -> str:
        """Which of its variants it is; "" of a scheme that has one alone."""
        return ""
