"""What a user gets back: exactly one answer to every request."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from gensc.serve.section import ImageFormat


class Status(IntEnum):
    """How a request ended."""

    OK = 0
    BUSY = 1
    """Not accepted: this user's queue, or the whole service, is full; ask again later."""
    REFUSED = 2
    """Not accepted: asking again would not help."""
    CANCELLED = 3
    FAILED = 4
    """Accepted, but the model could not decode it."""
    STOPPING = 5
    """The service is going down."""


class Source(IntEnum):
    """Where an image came from."""

    COMPUTED = 0
    CACHED = 1
    SHARED = 2
    """From the computation of an identical request that was already under way."""


class ServiceError(Exception):
    """A request that ended without an image; `status` says how, the message why."""

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(f"{status.name.lower()}: {reason}" if reason else status.name.lower())
        self.status = status


@dataclass(frozen=True)
class Times:
    """Latency of one request per stage, seconds, as the service saw it.

    Attributes:
        queued: from acceptance until its batch went to the model; 0 from the cache.
        decode: the model's time for the whole batch, conversions and image coding included.
        total: from acceptance to the answer.
        batch: images in that batch.
    """

    queued: float = 0.0
    decode: float = 0.0
    total: float = 0.0
    batch: int = 0


@dataclass(frozen=True)
class Answer:
    """The one answer to a request.

    Attributes:
        request_id: the request's.
        status: how it ended.
        payload: the image's bytes in `format`; empty unless OK.
        format, height, width: of the image.
        reason: one line, empty when OK.
        retry_after_s: when BUSY, how long to wait before asking again.
        source: where the image came from.
        times: latency per stage.
    """

    request_id: int
    status: Status
    payload: bytes = b""
    format: ImageFormat = ImageFormat.RAW
    height: int = 0
    width: int = 0
    reason: str = ""
    retry_after_s: float = 0.0
    source: Source = Source.COMPUTED
    times: Times = field(default_factory=Times)

    @property
    def image(self) -> NDArray[np.uint8]:
        """The image, uint8 H×W×3.

        Raises:
            ServiceError: there is none; or its bytes are not the image they should be.
        """
        if self.status is not Status.OK:
            raise ServiceError(self.status, self.reason)
        shape = (self.height, self.width, 3)
        if self.format is ImageFormat.PNG:
            from PIL import Image

            try:
                pixels = np.asarray(Image.open(io.BytesIO(self.payload)).convert("RGB"))
            except (OSError, ValueError, SyntaxError) as error:
                raise ServiceError(Status.FAILED, f"damaged PNG: {error}") from error
        else:
            pixels = np.frombuffer(self.payload, np.uint8)
            pixels = pixels.reshape(shape) if pixels.size == np.prod(shape) else pixels
        if pixels.shape != shape:
            raise ServiceError(Status.FAILED, f"expected an image of {shape}, got {pixels.shape}")
        return pixels
