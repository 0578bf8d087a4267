"""GNU Radio's channel models bring no types."""

from typing import Any

def __getattr__(name: str) -> Any: ...
