"""Transmission schemes: for each kind of codec, its blocks in a flowgraph.

Whoever sends or receives images asks `load_scheme` and needs to know no kind of codec::

    jscc     image ─ jscc_encoder ─ section                        section ─ jscc_decoder ─ image

    gened    image ─ semantic_router ─ gened_encoder ┬ foreground  section ─ gened_decoder ─ image
                                                     ├ background
                                                     └ side
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from gensc.system import codecs
from gensc.system.weights import Weights

if TYPE_CHECKING:
    from gensc_models.codecs.codec import Codec

    pass

Connect = Callable[[Any, str, Any, str], None]
"""Connects a block's message port to another's."""
Stages = tuple[tuple[str, str], ...]
"""Blocks as a report shows them: what they are called, and what they do."""


@dataclass(frozen=True)
class Encoder:
    """Blocks that make sections of images; GNU Radio does not keep them alive, this does.

    Attributes:
        chain: each takes [image] and, but for the last, gives [image].
        outputs: ports of the last one that give sections.
    """

    chain: tuple[Any, ...]
    outputs: tuple[str, ...]

    def connect(self, connect: Connect, source: tuple[Any, str], sink: tuple[Any, str]) -> None:
        """Between a port that gives images and one that takes all sections."""
        for block in self.chain:
            connect(*source, block, "image")
            source = block, "image"
        for port in self.outputs:
            connect(self.chain[-1], port, *sink)

    @property
    def dropped(self) -> int:
        """Images that could not be encoded."""
        return sum(block.dropped for block in self.chain)

    @property
    def failed(self) -> bool:
        """Whether the last of these is the codec's fault, and not that of who asked for it."""
        from gensc_models import CodecError

        return any(isinstance(block.last_error, CodecError) for block in self.chain)


class Scheme(Protocol):
    """A codec with its blocks.

    Attributes:
        codec: the network; everything else in this process that uses the same weights shares it.
        weights: which ones.
        sender_stages, receiver_stages: its blocks as a report shows them.
    """

    sender_stages: Stages
    receiver_stages: Stages
    weights: Weights

    @property
    def codec(self) -> Codec:
        """The network."""
        ...

    def encoder(
        self, gensc: ModuleType, rate: int, snr_db: float, spread_db: float | None = None
    ) -> Encoder:
        """Blocks from images to sections, all sections of an image `rate` symbols per 16×16 block.

        Args:
            gensc: the package `gnuradio.gensc`.
            rate: channel symbols per 16×16 block.
            snr_db: Es/N0 the encoder is told.
            spread_db: by how much it differs, where the codec asks for that; None: unknown.
        """
        ...

    def decoder(self, gensc: ModuleType) -> Any:
        """The block from [section] to [image] that takes this codec's sections only."""
        ...

    def counters(self, decoder: Any) -> dict[str, int]:
        """What the decoder has counted, for a result line."""
        ...


class JsccScheme:
    """A codec with one stream of analog symbols."""

    sender_stages: Stages = (("JSCC encoder", "pixels → symbols"),)
    receiver_stages: Stages = (("JSCC decoder", "symbols → pixels"),)

    def __init__(self, name: str, codec: Codec, weights: Weights) -> None:
        self._name, self.codec, self.weights = name, codec, weights

    def encoder(
        self, gensc: ModuleType, rate: int, snr_db: float, spread_db: float | None = None
    ) -> Encoder:
        """As `Scheme.encoder`."""
        return Encoder((gensc.jscc_encoder(self._name, rate, snr_db),), ("section",))

    def decoder(self, gensc: ModuleType) -> Any:
        """As `Scheme.decoder`."""
        return gensc.jscc_decoder(self._name)

    def counters(self, decoder: Any) -> dict[str, int]:
        """None of its own."""
        return {}


class GenedScheme:
    """A codec whose images have several sections, as the dual-branch codec's two streams of analog
    symbols and digital header section."""

    sender_stages: Stages = (
        ("semantic router", "what matters"),
        ("dual-branch encoder", "two streams + mask"),
    )
    receiver_stages: Stages = (("dual-branch decoder", "streams → pixels"),)

    def __init__(self, name: str, codec: Codec, weights: Weights) -> None:
        self._name, self.codec, self.weights = name, codec, weights

    def encoder(
        self, gensc: ModuleType, rate: int, snr_db: float, spread_db: float | None = None
    ) -> Encoder:
        """As `Scheme.encoder`."""
        told = self._name, rate, snr_db
        router = [gensc.semantic_router(*told)] if hasattr(self.codec, "route") else []
        return Encoder(
            (*router, gensc.gened_encoder(*told, spread_db)), ("side", "foreground", "background")
        )

    def decoder(self, gensc: ModuleType) -> Any:
        """As `Scheme.decoder`."""
        return gensc.gened_decoder(self._name)

    def counters(self, decoder: Any) -> dict[str, int]:
        """Header sections that did not arrive whole, and images that were lost for it."""
        return {"header_sections_damaged": decoder.damaged, "images_lost": decoder.lost}


def load_scheme(name: str = "") -> Scheme:
    """The scheme of a codec by name ("" is the default one), whatever its kind.

    Raises:
        UserError: no such weights, damaged ones, or no codec's.
    """
    codec, weights = codecs.load(name, several=None)
    return (GenedScheme if codec.several else JsccScheme)(name or codecs.DEFAULT, codec, weights)


def all_decoders(
    gensc: ModuleType, places: Sequence[str] = (), expiry_samples: int = 0
) -> tuple[Any, ...]:
    """Decoders of every kind, side by side: each takes the sections of its own codecs.

    Codecs are found by the fingerprint in burst headers, among the installed and in `places`.
    Images of several sections wait `expiry_samples` for what is missing; 0: until newer ones come.
    """
    return (
        gensc.jscc_decoder(places=places),
        gensc.gened_decoder(places=places, expiry_samples=expiry_samples),
    )
