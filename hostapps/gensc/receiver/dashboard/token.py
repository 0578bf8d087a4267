"""The token that opens a dashboard: kept in a file, so that a restart asks nobody again."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import stat
from pathlib import Path

from gensc.system.errors import UserError

#: Characters a token has at least: 128 bits as URL-safe text.
LEAST = 22
_FORM = re.compile(rf"[A-Za-z0-9_-]{{{LEAST},256}}")


class Token:
    """Compares what visitors bring with what they should, in a time that tells nothing.

    Args:
        text: the token, at least `LEAST` letters, digits, - and _.

    Raises:
        UserError: too short, or with other characters.
    """

    def __init__(self, text: str) -> None:
        if not _FORM.fullmatch(text):
            raise UserError(
                f"a dashboard's token has {LEAST} to 256 characters of A-Z, a-z, 0-9, - and _"
            )
        self._text = text
        # What the browser keeps opens this dashboard, but does not tell the token.
        self.cookie = hmac.new(text.encode(), b"gensc dashboard", hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        return "Token(…)"

    def opens(self, text: str) -> bool:
        """Whether this is the token."""
        return hmac.compare_digest(text.encode("utf-8", "replace"), self._text.encode())

    def opens_by_cookie(self, text: str) -> bool:
        """Whether this is the value of its cookie."""
        return hmac.compare_digest(text.encode("utf-8", "replace"), self.cookie.encode())

    def link(self, url: str) -> str:
        """A link that opens the dashboard: what follows # is sent to no server and in no log."""
        return f"{url}#token={self._text}"


def token_of(path: Path) -> Token:
    """The token of a file, which is made with mode 0600 where it is not there.

    Raises:
        UserError: others may read it, it holds none, or it cannot be read or written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    except FileExistsError:
        pass
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UserError(
                f"{path}: mode {mode:04o}, others can read this token: chmod 600 {path}"
            )
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    try:
        return Token(text.strip())
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
