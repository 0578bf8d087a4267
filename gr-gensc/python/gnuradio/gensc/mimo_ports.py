"""Names of message ports that exist once per user."""

from __future__ import annotations


def user_ports(name: str, users: int) -> list[str]:
    """`name` for a single user, else `name`0, `name`1, …: as GNU Radio Companion numbers them."""
    return [name] if users == 1 else [f"{name}{user}" for user in range(users)]
