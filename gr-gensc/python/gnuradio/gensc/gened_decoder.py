"""Decoder block of codecs that send an image in several sections."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pmt
from numpy.typing import NDArray

from gensc_phy.adaptation.side_link import side_symbols
from gensc_phy.coding.bits import decode_bits
from gensc_phy.waveform.combine import combine

from .assembler import erased_of
from .codecs import codec_of, load_codec
from .errors import GenscError, PduError
from .mcs_choice import mcs_by_index
from .message_ports import message_block
from .metadata import ImageKey, Metadata, known, make_pdu, read_pdu

if TYPE_CHECKING:
    from gensc_models import Codec, Received

PORTS = ("foreground", "background")
DONE_KEPT = 64
"""Images whose header section is remembered: a second copy of it is no image that is lost."""
NO_HEADER = "its header section did not arrive"
_NUMBERS = ("rate", "shape", "total", "aux", "noise_var", "snr_db", "cfo_hz")


_Key = tuple[ImageKey, int]
"""An image and the weights it was encoded with."""


@dataclass(frozen=True)
class _Stream:
    """An analog section as it was received."""

    metadata: Metadata
    symbols: NDArray[np.complex64]
    noise_var: NDArray[np.float32]

    def repeats(self, other: _Stream) -> bool:
        """Whether it is another copy of the same section."""
        mine, its = self.metadata, other.metadata
        return (mine.rate, mine.total, mine.aux) == (its.rate, its.total, its.aux)


@dataclass
class _Pending:
    """What has arrived of an image: its header section, and streams by their number.

    `copies` are those of the header section that none could be decoded of.
    """

    codec: Codec
    side: bytes | None = None
    about_side: Metadata | None = None
    copies: list[_Stream] = field(default_factory=list)
    streams: dict[int, _Stream] = field(default_factory=dict)
    sample: int = 0  # of the latest of its sections

    def about(self) -> list[Metadata]:
        """Metadata of the streams; of the header section of a codec that sends nothing else."""
        streams = [stream.metadata for stream in self.streams.values()]
        alone = self.about_side if self.codec.streams == 0 else None
        return streams or ([] if alone is None else [replace(alone, rate=0, total=0)])

    def lengths(self) -> tuple[int, ...] | None:
        """Symbols of every stream; None where it cannot be said yet.

        Raises:
            ValueError: the header section is not that of these streams.
        """
        if (self.codec.sends_side and self.side is None) or not self.about():
            return None
        if self.codec.streams == 0:
            return ()
        lengths = self.codec.stream_lengths(self.received(()), side_symbols)
        for number, stream in self.streams.items():
            told = lengths[number] if number < len(lengths) else 0
            if stream.symbols.size != told:
                raise ValueError(
                    f"stream {number} of {stream.symbols.size} symbols, the header section says "
                    f"{told}"
                )
        return lengths

    def received(self, lengths: tuple[int, ...]) -> Received:
        """What a codec takes; of streams that are lost so many zeros."""
        from gensc_models.codecs.codec import Received

        symbols, noise = [np.zeros(0, np.complex64)], [np.zeros(0, np.float32)]
        for number, length in enumerate(lengths):
            stream = self.streams.get(number)
            symbols.append(np.zeros(length, np.complex64) if stream is None else stream.symbols)
            erased = np.full(length, np.inf, np.float32)
            noise.append(erased if stream is None else stream.noise_var)
        about = self.about()[0]
        height, width, _ = known(about.shape)
        return Received(
            np.concatenate(symbols), np.concatenate(noise), about.rate or 0, height, width,
            about.aux or 0, self.side or b"",
        )  # fmt: skip

    def complete(self) -> bool:
        """Whether nothing more will come; raises as `lengths`."""
        lengths = self.lengths()
        return lengths is not None and all(
            number in self.streams or not length for number, length in enumerate(lengths)
        )


class gened_decoder(message_block):
    """Puts the [section]s of a `gened_encoder` together to an [image].

    It takes all streams and the header section of codecs that send several; what belongs to other
    codecs passes by. An image leaves when all of it is there. Where a whole stream is lost, it
    leaves without it, as soon as `max_pending` newer images wait, nothing of it has come for
    `expiry_samples` of the received stream, any message arrives on [flush], or the stream ends.
    Without its header section no image can be decoded: it is counted as lost.

    `keep` in the metadata of the image is the mask, where the codec has one: the blocks of the
    foreground.

    The received streams also leave as they came, on [foreground] and, from the second on,
    [background]: for displays.

    Args:
        model: a codec as `gensc_models.load_codec` takes it: weights by name or path,
            `path/to/file.py:NAME`, or an entry point; empty takes the installed one that the burst
            header names.
        max_pending: images kept waiting at most.
        places: names and folders to look into for the codec as well.
        expiry_samples: samples that an image waits for its other sections; 0: for ever.

    Attributes:
        damaged: header sections that did not arrive whole.
        lost: images of which something arrived and that could not be decoded.
        on_lost: told the key of each of these, and why.

    Raises:
        GenscError: no such model, an unusable one, or one that sends one stream.
    """

    def __init__(
        self,
        model: str = "",
        max_pending: int = 4,
        places: Sequence[str] = (),
        expiry_samples: int = 0,
    ) -> None:
        message_block.__init__(self, "gened_decoder")
        self.max_pending = int(max_pending)
        self.expiry_samples = int(expiry_samples)
        self.damaged = self.lost = 0
        self.on_lost: Callable[[ImageKey, str], None] | None = None
        self._only = load_codec(model, several=True) if model else None
        self._places = tuple(places)
        self._codecs: dict[int, Codec | None] = {}
        self._pending: OrderedDict[_Key, _Pending] = OrderedDict()
        self._done: OrderedDict[_Key, bytes] = OrderedDict()
        self.setup_ports(
            {"section": self._add, "flush": self._flush}, ["image", *PORTS], controls=["flush"]
        )

    def _codec(self, fingerprint: int) -> Codec | None:
        if self._only is not None:
            return self._only if fingerprint == self._only.fingerprint else None
        if fingerprint not in self._codecs:
            self._codecs[fingerprint] = _installed(fingerprint, self._places)
        return self._codecs[fingerprint]

    def _add(self, pdu: Any) -> None:
        metadata, _ = read_pdu(pdu, np.complex64, require=("section", "image_id"))
        codec = self._codec(metadata.weights or 0)
        if codec is None or metadata.section == "text":
            return
        metadata, symbols = read_pdu(pdu, np.complex64, require=_NUMBERS)
        key, noise_var = (metadata.key, codec.fingerprint), metadata.noise_var
        if metadata.section == "bits":
            self._add_side(key, codec, metadata, symbols)
        else:
            number = metadata.stream or 0
            if number >= codec.streams:
                raise PduError(f"stream {number}: there are {codec.streams}")
            if number in self._of(key, codec).streams:
                self._give(key)  # the image number came round again
            stream = _Stream(
                replace(metadata, noise_var=None), np.array(symbols), np.array(noise_var)
            )
            self._of(key, codec).streams[number] = stream
            self.publish(PORTS[min(number, len(PORTS) - 1)], pdu)
        self._give_what_is_ready(key)
        self._give_what_is_old(key, metadata.sample or 0)

    def _add_side(
        self,
        key: _Key,
        codec: Codec,
        metadata: Metadata,
        symbols: NDArray[np.complex64],
    ) -> None:
        mcs = mcs_by_index(metadata.rate or 0)
        assert metadata.noise_var is not None
        new = _Stream(replace(metadata, noise_var=None), np.array(symbols),
                      np.array(metadata.noise_var))  # fmt: skip
        waiting = self._pending.get(key)
        alike = [new, *(c for c in (waiting.copies if waiting else ()) if c.repeats(new))]
        try:
            received = combine([(c.symbols, c.noise_var) for c in alike])
            result = decode_bits(*received, metadata.total or 0, mcs)
        except ValueError as error:
            raise PduError(str(error)) from error
        if not result.crc_ok:
            self.damaged += 1
            # The second copy may still be enough, together with this one.
            self._of(key, codec).copies.append(new)
            return
        if self._of(key, codec).side not in (None, result.payload):
            self._give(key)
        pending = self._of(key, codec)
        pending.side, pending.about_side = result.payload, new.metadata

    def _of(self, key: _Key, codec: Codec) -> _Pending:
        """What waits of an image, or a new start."""
        return self._pending.setdefault(key, _Pending(codec))

    def _give_what_is_ready(self, key: _Key) -> None:
        pending = self._pending.get(key)
        try:
            ready = pending is not None and pending.complete()
        except ValueError:
            ready = True  # it says why
        if ready:
            self._give(key)
        while len(self._pending) > self.max_pending:
            self._give(next(iter(self._pending)))

    def _give_what_is_old(self, key: _Key, sample: int) -> None:
        """Give out what nothing has come of for long; `sample` is where something of `key` did."""
        if key in self._pending:
            self._pending[key].sample = sample
        if self.expiry_samples:
            oldest = sample - self.expiry_samples
            for old in [k for k, pending in self._pending.items() if pending.sample < oldest]:
                self._give(old)

    def _flush(self, _: Any) -> None:
        # Ports have no order among them: sections sent before the flush may still wait.
        if self.backlog("section"):
            self._post(pmt.intern("flush"), pmt.PMT_T)
            return
        self.end_of_stream()

    def end_of_stream(self) -> None:
        """Give out what still waits."""
        for key in list(self._pending):
            self._give(key)

    def _give(self, key: _Key) -> None:
        """Decode what there is of an image; what cannot be decoded is lost, and said."""
        pending = self._pending.pop(key)
        try:
            self._decode(key, pending)
        except ValueError as error:
            self._lose(key, str(error))
            self.dropped += 1

    def _lose(self, key: _Key, why: str) -> None:
        self.lost += 1
        self._log.warn(f"image {key[0]} is lost ({self.lost}): {why}")
        if self.on_lost is not None:
            self.on_lost(key[0], why)

    def _decode(self, key: _Key, pending: _Pending) -> None:
        """Give out the image of what there is.

        Raises:
            ValueError: the sections are not those of an image, or the codec fails.
        """
        lengths = pending.lengths()
        if lengths is None:
            again = key in self._done and pending.side in (None, self._done[key])
            if again and not pending.streams:
                return  # the second copy of the section of an image that is out
            self._lose(key, NO_HEADER if pending.side is None else "its streams did not arrive")
            return
        self._done[key] = pending.side or b""
        while len(self._done) > DONE_KEPT:
            self._done.popitem(last=False)
        received = pending.received(lengths)
        image = pending.codec.decode_image(received)
        mask = pending.codec.mask_of(received.side, received.height, received.width)
        told = replace(
            _together(pending.about(), pending.codec.fingerprint),
            streams=len(lengths),
            total=sum(lengths),
            keep=None if mask is None else mask.ravel(),
            complete=pending.complete(),
            erased=erased_of(received.noise_var),
        )
        self.publish("image", make_pdu(told, image))


def _installed(fingerprint: int, places: Sequence[str]) -> Codec | None:
    """The installed codec of several sections that a burst header names."""
    try:
        found = codec_of(fingerprint, places)
    except GenscError:
        return None
    return found if found.several else None


def _together(about: list[Metadata], fingerprint: int) -> Metadata:
    """Metadata of an image from those of its streams; the SNR is their mean in linear units."""
    weights = [m.fragments_received or 1 for m in about]
    power = np.average([10 ** ((m.snr_db or 0.0) / 10) for m in about], weights=weights)
    return replace(
        about[0],
        weights=fingerprint,
        stream=None,
        fragment=None,
        fragments=sum(m.fragments or 1 for m in about),
        fragments_received=sum(weights),
        snr_db=float(10 * np.log10(power)),
        cfo_hz=float(np.average([m.cfo_hz or 0.0 for m in about], weights=weights)),
        sample=max(m.sample or 0 for m in about),
    )
