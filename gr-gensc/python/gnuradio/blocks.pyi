"""GNU Radio's blocks of all kinds bring no types."""

from typing import Any

def __getattr__(name: str) -> Any: ...
