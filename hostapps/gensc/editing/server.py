"""Edits by any server of the OpenAI image-edit API."""

from __future__ import annotations

import base64
import binascii
import io
import secrets
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gensc.remote.endpoint import Endpoint
from gensc.remote.exchange import Limits, RemoteError, RemoteRefusedError, post
from gensc_models.foundation.canvas import Canvas
from gensc_models.restore.editing import EditRefusedError
from gensc_models.semantics import prompts

#: (height, width) that the API's models draw.
SIZES = ((1024, 1024), (1024, 1536), (1536, 1024))
LIMITS = Limits(seconds=120.0, answer_bytes=48 << 20)
#: Pixels of an answer: more is no picture that was asked for.
MOST_PIXELS = 4096 * 4096
#: How far the proportions of an answer may be off.
PROPORTIONS = 0.02


class ServerEditor:
    """Has a server restore the image; the caption goes with the instruction.

    Args:
        endpoint: the server.
        limits: of each request.
        sizes: (height, width) to choose from; the image is laid on the one that fits it best.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        limits: Limits = LIMITS,
        sizes: tuple[tuple[int, int], ...] = SIZES,
    ) -> None:
        self.name = f"server ({endpoint.model})"
        self.endpoint = endpoint
        self.limits = limits
        self.sizes = sizes

    def edit(
        self,
        image: NDArray[np.uint8],
        caption: str,
        mask: NDArray[np.float32] | None = None,
        snr_db: float | None = None,
        seed: int = 0,
    ) -> NDArray[np.uint8]:
        """See `gensc_models.restore.editing.Editor.edit`; the API knows neither SNR nor seed.

        With a mask the background alone is offered for editing.

        Raises:
            EditRefusedError: the server will not edit this.
            RemoteError: it has not answered, or not with such an image.
        """
        canvas = self._canvas(*image.shape[:2])
        height, width = canvas.outer
        fields = {
            "model": self.endpoint.model,
            "prompt": prompts.restore(caption),
            "size": f"{width}x{height}",
            "n": "1",
        }
        files = {"image": _png(canvas.lay(image))}
        if mask is not None:
            # Transparent is what may be edited.
            opaque = Image.eval(canvas.lay_holes(mask < 0.5), lambda value: 255 - value)
            files["mask"] = _png(Image.merge("RGBA", [opaque] * 4))
        body, content_type = _multipart(fields, files)
        try:
            answer = post(self.endpoint, "images/edits", body, content_type, self.limits)
        except RemoteRefusedError as error:
            raise EditRefusedError(str(error)) from error
        return canvas.lift(self._picture(answer, canvas.outer))

    def _canvas(self, height: int, width: int) -> Canvas:
        canvases = [Canvas.within(height, width, size) for size in self.sizes]
        return max(canvases, key=lambda c: np.prod(c.inner) / np.prod(c.outer))

    def _picture(self, answer: dict[str, object], size: tuple[int, int]) -> NDArray[np.uint8]:
        host = self.endpoint.host
        try:
            encoded = answer["data"][0]["b64_json"]  # type: ignore[index]
            data = base64.b64decode(encoded, validate=True)
        except (KeyError, IndexError, TypeError, binascii.Error, ValueError) as error:
            raise RemoteError(f"{host}: the answer has no picture in it") from error
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
                    if picture.width * picture.height > MOST_PIXELS:
                        raise RemoteError(f"{host}: {picture.width}x{picture.height} is too large")
                    shown = picture.convert("RGB")
        except RemoteError:
            raise
        except Exception as error:  # Pillow's decoders raise whatever damaged files make them
            raise RemoteError(f"{host}: the answer is no picture that can be read") from error
        off = (shown.width / shown.height) / (size[1] / size[0])
        if not 1 - PROPORTIONS < off < 1 + PROPORTIONS:
            raise RemoteError(
                f"{host}: a picture of {shown.width}x{shown.height} for {size[1]}x{size[0]}"
            )
        return np.asarray(shown.resize(size[::-1], Image.Resampling.LANCZOS), dtype=np.uint8)


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _multipart(fields: dict[str, str], files: dict[str, bytes]) -> tuple[bytes, str]:
    """A form (RFC 7578) of texts and PNG files, and its content type."""
    boundary = secrets.token_hex(16)
    parts: list[bytes] = []
    for name, text in fields.items():
        parts.append(f'Content-Disposition: form-data; name="{name}"\r\n\r\n{text}'.encode())
    for name, data in files.items():
        disposition = f'Content-Disposition: form-data; name="{name}"; filename="{name}.png"'
        parts.append(f"{disposition}\r\nContent-Type: image/png\r\n\r\n".encode() + data)
    body = b"".join(b"--%s\r\n%s\r\n" % (boundary.encode(), part) for part in parts)
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
