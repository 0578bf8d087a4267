"""GNU Radio's signal and noise sources bring no types."""

from typing import Any

def __getattr__(name: str) -> Any: ...
