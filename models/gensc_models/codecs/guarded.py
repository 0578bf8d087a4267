"""Codecs of other people, held to the contract: what they return is checked, what they raise is
one line."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gensc_models.codecs.codec import (
    MAX_PIXELS,
    Codec,
    CodecError,
    Encoded,
    Received,
    SideCost,
    check_rate,
    symbols_for,
)
from gensc_models.data.photos import BLOCK, Photo
from gensc_models.weights.digest import as_array, digest_of

# How far the mean power of an image's symbols may be from one.
TOLERANCE = 0.01


class GuardedCodec(Codec):
    """A codec around an object that has ``encode_image`` and ``decode_image``.

    One call at a time: blocks of a flowgraph are threads.

    Parameters
    ----------
    codec : the object; what it lacks of :class:`Codec` has the default.
    name : where it has none.
    reason : an exception in one line.
    """

    def __init__(self, codec: Any, name: str, reason: Callable[[Exception], str]) -> None:
        self._codec, self._reason = codec, reason
        self._one_at_a_time = threading.Lock()
        self.name = str(getattr(codec, "name", "") or name)
        self.rates = tuple(getattr(codec, "rates", Codec.rates))
        self.streams = int(getattr(codec, "streams", Codec.streams))
        self.sends_side = bool(getattr(codec, "sends_side", Codec.sends_side))
        self.takes_spread = bool(getattr(codec, "takes_spread", Codec.takes_spread))
        self.sha256 = str(getattr(codec, "sha256", "") or digest_of(codec))

    def encode_image(
        self,
        image: Photo,
        rate: int,
        snr_db: float,
        side_cost: SideCost | None = None,
        spread_db: float | None = None,
    ) -> Encoded:
        """As :meth:`Codec.encode_image`.

        Raises
        ------
        CodecError
            It fails, or what it returns breaks the contract.
        """
        self._check_photo("given", image)
        if image.shape[0] * image.shape[1] > MAX_PIXELS:
            raise CodecError(f"image of {image.shape[1]}x{image.shape[0]} is too large")
        check_rate(rate)
        more: dict[str, Any] = {"side_cost": side_cost} if self.sends_side else {}
        if self.takes_spread:
            more["spread_db"] = spread_db
        made = self._call("encode_image", image, rate, snr_db, **more)
        return self._checked(made, image, rate)

    def decode_image(self, received: Received) -> Photo:
        """As :meth:`Codec.decode_image`; errors as of :meth:`encode_image`."""
        return self._shown(self._call("decode_image", received), received)

    def encode_images(self, images: Photo, rate: int, snr_db: float) -> list[Encoded]:
        """In one call where the codec has batches."""
        if self._lacks("encode_images") or self.sends_side:
            return super().encode_images(images, rate, snr_db)
        check_rate(rate)
        made = list(self._call("encode_images", images, rate, snr_db))
        self._count("encode_images", made, images)
        return [self._checked(one, image, rate) for one, image in zip(made, images, strict=True)]

    def decode_images(self, received: Sequence[Received]) -> list[Photo]:
        """In one call where the codec has batches."""
        if self._lacks("decode_images"):
            return super().decode_images(received)
        shown = list(self._call("decode_images", received))
        self._count("decode_images", shown, received)
        return [self._shown(image, one) for image, one in zip(shown, received, strict=True)]

    def stream_lengths(self, received: Received, side_cost: SideCost) -> tuple[int, ...]:
        """As :meth:`Codec.stream_lengths`."""
        if self._lacks("stream_lengths"):
            return super().stream_lengths(received, side_cost)
        return tuple(int(n) for n in self._call("stream_lengths", received, side_cost))

    def mask_of(self, side: bytes, height: int, width: int) -> NDArray[np.bool_] | None:
        """As :meth:`Codec.mask_of`; errors as of :meth:`encode_image`."""
        if self._lacks("mask_of"):
            return None
        made = self._call("mask_of", side, height, width)
        if made is None:
            return None
        mask, blocks = as_array(made), (-(-height // BLOCK), -(-width // BLOCK))
        if mask.shape != blocks:
            raise self._fail("mask_of", f"returned {mask.shape}, expected {blocks}")
        return mask.astype(bool)

    def to(self, device: str) -> GuardedCodec:
        """Moves it where it can be moved."""
        if hasattr(self._codec, "to"):
            self._call("to", device)
        return self

    def _lacks(self, method: str) -> bool:
        """Whether a method is missing, or the one of :class:`Codec`."""
        mine = getattr(type(self._codec), method, None)
        return mine is None or mine is getattr(Codec, method)

    def _call(self, method: str, *given: Any, **more: Any) -> Any:
        try:
            with self._one_at_a_time:
                return getattr(self._codec, method)(*given, **more)
        except Exception as error:  # whatever other people's code raises: an image is lost, no more
            raise CodecError(f"codec '{self.name}': {method}: {self._reason(error)}") from error

    def _fail(self, method: str, reason: str) -> CodecError:
        return CodecError(f"codec '{self.name}': {method} {reason}")

    def _count(self, method: str, made: Sequence[Any], asked: Sequence[Any] | Photo) -> None:
        if len(made) != len(asked):
            raise self._fail(method, f"returned {len(made)} for {len(asked)} images")

    def _checked(self, made: Any, image: Photo, rate: int) -> Encoded:
        """What ``encode_image`` returned, as it can be sent."""
        height, width = image.shape[:2]
        if not isinstance(made, Encoded):
            made = Encoded(made, 0, rate, height, width)
        symbols = as_array(made.symbols).ravel()
        if symbols.dtype.kind not in "cf" or not np.isfinite(symbols).all():
            raise self._fail("encode_image", f"returned symbols of {symbols.dtype} or not finite")
        granted = symbols_for(height, width, rate)
        if symbols.size + made.side_symbols > granted or not symbols.size + len(made.side):
            counted = f"{symbols.size}+{made.side_symbols}" if made.side else f"{symbols.size}"
            raise self._fail(
                "encode_image", f"returned {counted} symbols, rate {rate} has {granted}"
            )
        power = float(np.mean(np.abs(symbols) ** 2)) if symbols.size else 1.0
        if abs(power - 1.0) > TOLERANCE:
            raise self._fail("encode_image", f"returned symbols of mean power {power:.3g}, not 1")
        if not 0 <= made.aux <= 0xFFFF:
            raise self._fail("encode_image", f"returned aux {made.aux}, not 16 bits")
        lengths = made.lengths or (symbols.size,)
        if sum(lengths) != symbols.size or len(lengths) != max(1, self.streams):
            raise self._fail("encode_image", f"returned streams of {lengths} symbols")
        if bool(made.side) > self.sends_side:
            raise self._fail("encode_image", "returned side information, but sends_side is False")
        return Encoded(
            symbols.astype(np.complex64), int(made.aux), int(rate), height, width,
            bytes(made.side), int(made.side_symbols), made.lengths,
        )  # fmt: skip

    def _shown(self, made: Any, received: Received) -> Photo:
        image = as_array(made)
        self._check_photo("decode_image returned", image)
        if image.shape[:2] != (received.height, received.width):
            size = f"{image.shape[1]}x{image.shape[0]}"
            raise self._fail(
                "decode_image", f"returned {size} of {received.width}x{received.height}"
            )
        return np.ascontiguousarray(image)

    def _check_photo(self, what: str, image: Photo) -> None:
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise CodecError(
                f"codec '{self.name}': {what} {image.dtype} {image.shape}, expected uint8 HxWx3"
            )
