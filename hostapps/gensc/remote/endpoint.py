"""Which server is asked, from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gensc.system.errors import UserError


@dataclass(frozen=True)
class Endpoint:
    """A server of the OpenAI API.

    Attributes:
        url: up to and including the version, e.g. "http://127.0.0.1:8000/v1".
        model: as the server calls it.
        key: sent as a bearer token; "" sends none. Never printed.

    Raises:
        UserError: no usable address, or a key with characters that no header may have.
    """

    url: str
    model: str
    key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname)
            _ = parts.port  # raises where it is none
        except ValueError:
            usable = False
        if not usable or not self.url.isascii() or any(c.isspace() for c in self.url):
            raise UserError(f"{self.url!r} is no address: http://HOST[:PORT]/v1 or https://…")
        if not self.key.isascii() or any(not c.isprintable() or c.isspace() for c in self.key):
            raise UserError("the key of the server has characters that no key has")

    @property
    def host(self) -> str:
        """The server, for messages."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    @classmethod
    def from_environment(cls, purpose: str) -> Endpoint:
        """The server for a purpose, "CAPTION" or "EDIT".

        Read from ``GENSC_<purpose>_URL``, ``…_MODEL`` and ``…_KEY``; the key may be missing.

        Raises:
            UserError: a variable is missing, or holds no address or no key.
        """
        names = [f"GENSC_{purpose}_{part}" for part in ("URL", "MODEL", "KEY")]
        url, model, key = (os.environ.get(name, "").strip() for name in names)
        missing = [name for name, value in zip(names, (url, model), strict=False) if not value]
        if missing:
            raise UserError(f"no server is set: {' and '.join(missing)} in the environment")
        return cls(url.rstrip("/"), model, key)
