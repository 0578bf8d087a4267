"""Captions by any server of the OpenAI chat API that takes images."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gensc.remote.endpoint import Endpoint
from gensc.remote.exchange import Limits, RemoteError, RemoteRefusedError, post, quote, twice
from gensc_models.semantics import prompts
from gensc_models.semantics.captions import BYTES, shorten

#: Longest side of the picture that is sent: enough to be described.
SIDE = 768
#: A caption is a few kilobytes of JSON; more is none.
LIMITS = Limits(seconds=60.0, answer_bytes=1 << 20)
#: Tokens the model may write; also what bounds the bill.
TOKENS = 300


class ChatCaptioner:
    """Asks for a caption, twice where the first answer is none.

    Args:
        endpoint: the server.
        limit: most bytes of UTF-8 in a caption.
        limits: of each request.
    """

    def __init__(self, endpoint: Endpoint, limit: int = BYTES, limits: Limits = LIMITS) -> None:
        self.name = f"chat ({endpoint.model})"
        self.endpoint = endpoint
        self.limit = limit
        self.limits = limits

    def caption(self, image: NDArray[np.uint8], path: str = "") -> str:
        """The server's caption, at most `limit` bytes, cut at a sentence; `path` is not read.

        Raises:
            RemoteRefusedError: it will not describe this picture.
            RemoteError: no caption in two attempts.
        """
        request = {
            "model": self.endpoint.model,
            "max_tokens": TOKENS,
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": prompts.describe(self.limit)},
                        {"type": "image_url", "image_url": {"url": _data_url(image)}},
                    ],
                }
            ],
        }
        body = json.dumps(request, allow_nan=False).encode()
        return twice(lambda: self._ask(body))

    def _ask(self, body: bytes) -> str:
        endpoint = self.endpoint
        answer = post(endpoint, "chat/completions", body, "application/json", self.limits)
        try:
            choice = answer["choices"][0]
            message, finish = choice["message"], choice.get("finish_reason")
            text, refusal = message.get("content"), message.get("refusal")
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise RemoteError(f"{endpoint.host}: the answer has no message") from error
        if refusal or finish == "content_filter":
            why = quote(refusal or "content filter", endpoint.key)
            raise RemoteRefusedError(f"{endpoint.host}: refused ({why})")
        caption = shorten(text, self.limit) if isinstance(text, str) else ""
        if not caption or not caption.isprintable():
            raise RemoteError(f"{endpoint.host}: the answer has no caption")
        return caption


def _data_url(image: NDArray[np.uint8]) -> str:
    picture = Image.fromarray(image)
    picture.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
