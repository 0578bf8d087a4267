"""GNU Radio's fec blocks bring no types."""

from typing import Any

def __getattr__(name: str) -> Any: ...
