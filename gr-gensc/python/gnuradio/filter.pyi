"""GNU Radio's filters bring no types."""

from typing import Any

def __getattr__(name: str) -> Any: ...
