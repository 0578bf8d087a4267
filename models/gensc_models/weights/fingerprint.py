"""What burst headers call weights."""

from __future__ import annotations

import hashlib


def fingerprint(sha256: str) -> int:
    """The first 16 bits of a hexadecimal SHA-256; 1 in place of 0, which stands for no weights."""
    return (int(sha256[:4], 16) or 1) if sha256 else 0


def derived(sha256: str, use: str) -> str:
    """Identity of another code that the same weights serve, as they would have by themselves."""
    return hashlib.sha256(f"{use} {sha256}".encode()).hexdigest() if sha256 else ""
