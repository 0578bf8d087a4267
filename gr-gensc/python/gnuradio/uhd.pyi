"""GNU Radio's USRP radios bring no types."""

from typing import Any

def __getattr__(name: str) -> Any: ...
