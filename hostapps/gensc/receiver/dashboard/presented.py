"""A service's state as page and metrics take it: images that arrived and were lost, by cause."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from gensc.system import codecs

#: Sums that together are the images delivered.
_DELIVERED = ("stored", "damaged")
#: Of a source's own counters, what its row of the table shows.
_OF_SOURCE = ("samples", "bursts")


def presented(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state with `delivered` and, where the service tells causes, `lost` by cause.

    The sums of each source stand in `source_sums`, apart from those of the whole receiver.
    """
    counters = dict(mapping(state.get("counters")))
    of_sources = mapping(counters.pop("sources", None))
    if all(name in counters for name in _DELIVERED):
        counters["delivered"] = sum(counters[name] for name in _DELIVERED)
    if isinstance(counters.get("causes"), Mapping):
        counters["lost"] = counters.pop("causes")
    sources = [
        {**{name: mapping(of_sources.get(str(source.get("name")))).get(name)
            for name in _OF_SOURCE}, **source}
        for source in rows(state.get("sources"))
    ]  # fmt: skip
    told = {"refiners": _refiners(), **state}
    return {**told, "counters": counters, "sources": sources, "source_sums": dict(of_sources)}


@lru_cache(maxsize=1)
def _refiners() -> list[str]:
    """What there is to choose from, where the service does not say."""
    return codecs.refiners()


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def rows(value: Any) -> list[Mapping[str, Any]]:
    """Of a list what is a mapping."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []
