"""The model side of the service: sections to images, many at a time. Runs in a worker process."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from gensc.serve import precision as precisions
from gensc.serve.section import ImageFormat, Request

if TYPE_CHECKING:
    from gensc_models.codecs.codec import Codec

#: An image's bytes, or why there is none.
Result = bytes | ValueError


class Decoder(Protocol):
    """What a worker process runs.

    Attributes:
        models: names of the codecs it has, by their fingerprints.
    """

    models: dict[int, str]

    def decode(self, batch: Sequence[Request]) -> list[Result]:
        """One result per request, in order; all requests are of one group."""


class CodecDecoder:
    """The installed codecs of one stream, and those of files.

    Args:
        models: codecs as `gensc_models.load_codec` takes them; empty takes all that are installed
            and can be loaded.
        device: torch device.
        threads: CPU threads of torch; several workers with one thread each serve more images
            than one worker with several.
        precision: "auto" decodes large images in bfloat16 on processors that multiply it, with
            codecs of which no pixel changes by more than one level (`gensc.serve.precision`);
            "float32" never does.

    Attributes:
        halved: fingerprints of these codecs.

    Raises:
        WeightsError: a codec that cannot be had or sends several sections, or two with one
            fingerprint.
    """

    def __init__(
        self,
        models: Sequence[str] = (),
        device: str = "cpu",
        threads: int = 1,
        precision: str = "auto",
    ) -> None:
        import torch

        from gensc_models import WeightsError, load_codec
        from gensc_models.catalogue.codecs import names_of_installed

        torch.set_num_threads(threads)
        self._codecs: dict[int, Codec] = {}
        for name in models or names_of_installed():
            try:
                codec = load_codec(name, device)
            except WeightsError as error:
                if models:
                    raise
                print(f"gensc: left out: {error}", file=sys.stderr)
                continue
            if codec.several and not models:
                continue
            if codec.several:
                raise WeightsError(f"{codec.name} sends several sections: the service takes one")
            # A fifth faster than the default layout with several images, and never slower.
            if isinstance(codec, torch.nn.Module):
                codec.to(memory_format=torch.channels_last)
            other = self._codecs.setdefault(codec.fingerprint, codec)
            if other.sha256 != codec.sha256:
                what = f"fingerprint, {codec.fingerprint:04x}"
                raise WeightsError(f"{codec.name} and {other.name} have one {what}")
        if not self._codecs:
            raise WeightsError("no weights installed")
        self.models = {number: codec.name for number, codec in self._codecs.items()}
        can = precision == "auto" and device == "cpu" and precisions.native()
        self.halved = {
            number
            for number, codec in self._codecs.items()
            if can and isinstance(codec, torch.nn.Module) and precisions.harmless(codec)
        }

    def decode(self, batch: Sequence[Request]) -> list[Result]:
        """Decode in one pass; where that fails, one by one, so that a bad section is alone."""
        try:
            images = self._decode(batch)
        except ValueError as error:
            if len(batch) == 1:
                return [error]
            return [result for request in batch for result in self.decode([request])]
        return [as_bytes(i, r.format) for i, r in zip(images, batch, strict=True)]

    def _decode(self, batch: Sequence[Request]) -> list[NDArray[np.uint8]]:
        first, received = batch[0].section, [request.section.received for request in batch]
        codec = self._codecs[first.weights]
        # By the size of the image alone: company changes nothing.
        large = first.pixels >= precisions.LEAST_PIXELS
        with precisions.half() if large and first.weights in self.halved else nullcontext():
            return codec.decode_images(received)


def as_bytes(image: NDArray[np.uint8], form: ImageFormat) -> bytes:
    """A uint8 H×W×3 image in the format asked for."""
    if form is ImageFormat.RAW:
        return image.tobytes()
    from PIL import Image

    out = io.BytesIO()
    # Level 1: on photos a third of the default's time for a twentieth more bytes.
    Image.fromarray(image).save(out, "PNG", compress_level=1)
    return out.getvalue()
