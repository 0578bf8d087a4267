"""CURVE keys: what two ends of a ZeroMQ connection know each other by, as files.

The files are ZeroMQ certificates, as `zmq.auth` and czmq read them: NAME.key holds the public key,
to be copied to the other end; NAME.key_secret both, for its owner's eyes (mode 0600).
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import zmq
import zmq.auth
from zmq.utils import z85

from gensc.system.errors import UserError

PUBLIC_SUFFIX, SECRET_SUFFIX = ".key", ".key_secret"
#: A key file is some hundred bytes; what is larger is none, and is not read.
MAX_FILE = 64 << 10
#: Characters of a key, which stand for 32 bytes.
_LENGTH = 40
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class KeyPair:
    """A CURVE key pair, both as 40 characters of Z85; the secret one is in no repr.

    Attributes:
        public: what others know this end by.
        secret: what proves it.
    """

    public: bytes
    secret: bytes = field(repr=False)


def make_keys(name: str | Path) -> tuple[Path, Path]:
    """Make a pair and write it beside each other as NAME.key and NAME.key_secret.

    Returns:
        The files of the public and of the secret key.

    Raises:
        UserError: one of the files is there already, or cannot be written.
    """
    public_file = Path(f"{name}{PUBLIC_SUFFIX}")
    secret_file = Path(f"{name}{SECRET_SUFFIX}")
    for path in (public_file, secret_file):
        if path.exists():
            raise UserError(f"{path} is there already; keys are never overwritten")
    public, secret = (key.decode() for key in zmq.curve_keypair())
    date = datetime.now(timezone.utc).date().isoformat()
    _write(secret_file, 0o600, f"# CURVE secret key, {date}: for its owner only\n", public, secret)
    try:
        _write(public_file, 0o644, f"# CURVE public key, {date}: for the other end\n", public)
    except UserError:
        # Half a pair would only be in the way of the next try.
        secret_file.unlink()
        raise
    return public_file, secret_file


def load_pair(path: str | Path) -> KeyPair:
    """The pair of a secret key's file.

    Raises:
        UserError: no such file, it holds no secret key, or others than its owner may read it.
    """
    path = Path(path)
    _check(path, _OTHERS, "others can read this secret key: chmod 600")
    public, secret = _read(path)
    if secret is None:
        raise UserError(f"{path}: a public key; the secret one is in *{SECRET_SUFFIX}")
    pair = KeyPair(public, secret)
    if zmq.curve_public(secret) != public:
        raise UserError(f"{path}: its two keys do not belong together")
    return pair


def load_public(path: str | Path) -> bytes:
    """The public key of a file, 40 characters of Z85.

    Raises:
        UserError: no such file, it holds no key, or others than its owner may write it.
    """
    path = Path(path)
    _check(path, _OTHERS_WRITE, "others can replace this key: chmod go-w")
    return _read(path)[0]


def load_trusted(places: Sequence[str | Path] | str | Path) -> list[bytes]:
    """The public keys of files and of folders of such files (`*.key`), sorted, each once.

    Raises:
        UserError: as `load_public`; a folder without a key.
    """
    keys: set[bytes] = set()
    given: Sequence[str | Path] = [places] if isinstance(places, str | Path) else places
    for place in map(Path, given):
        if not place.is_dir():
            keys.add(load_public(place))
            continue
        _check(place, _OTHERS_WRITE, "others can add keys to this folder: chmod go-w")
        files = sorted(place.glob(f"*{PUBLIC_SUFFIX}"))
        if not files:
            raise UserError(f"{place}: no *{PUBLIC_SUFFIX} in this folder")
        keys.update(map(load_public, files))
    return sorted(keys)


def _write(path: Path, mode: int, comment: str, public: str, secret: str = "") -> None:
    lines = f'{comment}metadata\ncurve\n    public-key = "{public}"\n'
    if secret:
        lines += f'    secret-key = "{secret}"\n'
    try:
        # O_EXCL: never through a link that somebody has left there; the mode from the first byte.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error


def _check(path: Path, forbidden: int, why: str) -> None:
    """Refuse what others than its owner may do with a file."""
    try:
        info = path.stat()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    mode = stat.S_IMODE(info.st_mode)
    if mode & forbidden:
        raise UserError(f"{path}: mode {mode:04o}, {why} {path}")
    if stat.S_ISREG(info.st_mode) and info.st_size > MAX_FILE:
        raise UserError(f"{path}: no key file ({info.st_size} bytes)")


def _read(path: Path) -> tuple[bytes, bytes | None]:
    try:
        public, secret = zmq.auth.load_certificate(path)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    except (ValueError, IndexError) as error:
        raise UserError(f"{path}: no CURVE key in this file") from error
    for key in (public, secret):
        if key is not None and not _is_key(key):
            raise UserError(f"{path}: no CURVE key in this file")
    return public, secret


def _is_key(key: bytes) -> bool:
    if len(key) != _LENGTH:
        return False
    try:
        z85.decode(key)
    except (KeyError, struct.error):  # a character that is none; more than 32 bits in five
        return False
    return True
