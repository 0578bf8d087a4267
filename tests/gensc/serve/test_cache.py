"""The cache: bounded in bytes, the least recently used go first; and what its keys depend on."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc.serve import ImageFormat, Request, Section
from gensc.serve.cache import OVERHEAD, ByteCache


def test_the_least_recently_used_goes_first() -> None:
    cache = ByteCache(2 * (10 + OVERHEAD))
    cache.put(b"a", b"0" * 10)
    cache.put(b"b", b"1" * 10)
    assert cache.get(b"a") is not None
    cache.put(b"c", b"2" * 10)
    assert cache.get(b"b") is None
    assert cache.get(b"a") == b"0" * 10
    assert (cache.hits, cache.misses, cache.evicted, len(cache)) == (2, 1, 1, 2)


@pytest.mark.parametrize("size", [0, 5])
def test_what_does_not_fit_is_not_kept(size: int) -> None:
    cache = ByteCache(size)
    cache.put(b"a", b"0" * 10)
    assert cache.get(b"a") is None
    assert cache.size == 0


@given(st.lists(st.tuples(st.binary(max_size=2), st.binary(max_size=300)), max_size=60))
def test_never_more_bytes_than_allowed_and_never_a_wrong_value(
    puts: list[tuple[bytes, bytes]],
) -> None:
    cache, latest = ByteCache(2000), {}
    for key, value in puts:
        cache.put(key, value)
        latest[key] = value
        assert cache.size <= 2000
        assert cache.get(key) == value
    held = {key: value for key in latest if (value := cache.get(key)) is not None}
    assert held.items() <= latest.items()
    assert cache.size == sum(len(v) + OVERHEAD for v in held.values())


SECTION = Section(1, 32, 16, 16, 7, np.ones(32), np.full(32, 0.1))


def key(section: Section, user: str = "u", number: int = 1, form: int = ImageFormat.RAW) -> bytes:
    return Request(user, number, section, ImageFormat(form)).key


@pytest.mark.parametrize(
    "other",
    [
        replace(SECTION, weights=2),
        replace(SECTION, rate=33),
        replace(SECTION, height=15),
        replace(SECTION, width=15),
        replace(SECTION, height=8, width=32),
        replace(SECTION, aux=8),
        replace(SECTION, symbols=SECTION.symbols * np.complex64(1 + 1e-6)),
        replace(SECTION, noise_var=SECTION.noise_var * np.float32(1 + 1e-6)),
    ],
)
def test_everything_that_determines_the_image_is_in_the_key(other: Section) -> None:
    assert key(other) != key(SECTION)


def test_the_format_is_in_the_key_and_who_asks_is_not() -> None:
    assert key(SECTION, form=ImageFormat.PNG) != key(SECTION)
    assert key(SECTION, "other", 2) == key(SECTION)
    assert key(replace(SECTION, symbols=SECTION.symbols.astype(complex))) == key(SECTION)
