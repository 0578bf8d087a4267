"""Attributes of an AD936x, asked of libiio itself: gr-iio cannot read them, nor set them all."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_CHIP = b"ad9361-phy"
_TEXT = 256


class Attributes:
    """Of the channels of a transceiver.

    Args:
        library: libiio.
        chip: handle of its device.
    """

    def __init__(self, library: Any, chip: int) -> None:
        self._library, self._chip = library, ctypes.c_void_p(chip)

    def _channel(self, channel: str, output: bool) -> ctypes.c_void_p:
        find = self._library.iio_device_find_channel
        return ctypes.c_void_p(find(self._chip, channel.encode(), ctypes.c_bool(output)))

    def read(self, channel: str, name: str, *, output: bool) -> str:
        """An attribute's text; "" where there is none."""
        handle, text = self._channel(channel, output), ctypes.create_string_buffer(_TEXT)
        if not handle.value:
            return ""
        read = self._library.iio_channel_attr_read
        count = read(handle, name.encode(), text, ctypes.c_size_t(_TEXT))
        return text.value.decode(errors="replace").strip() if count > 0 else ""

    def write(self, channel: str, name: str, value: str, *, output: bool) -> bool:
        """Set an attribute; False where the device refuses."""
        handle = self._channel(channel, output)
        write = self._library.iio_channel_attr_write
        return bool(handle.value) and write(handle, name.encode(), value.encode()) >= 0


@contextmanager
def attributes(uri: str) -> Iterator[Attributes | None]:
    """The attributes of the transceiver at a URI; None where libiio or the device is not there."""
    name = ctypes.util.find_library("iio")
    library = ctypes.CDLL(name) if name else None
    # libiio 1 has other functions: it is then not asked.
    if library is None or not hasattr(library, "iio_create_context_from_uri"):
        yield None
        return
    for function in (
        library.iio_create_context_from_uri,
        library.iio_context_find_device,
        library.iio_device_find_channel,
    ):
        function.restype = ctypes.c_void_p
    for function in (library.iio_channel_attr_read, library.iio_channel_attr_write):
        function.restype = ctypes.c_ssize_t
    context = library.iio_create_context_from_uri(uri.encode())
    if not context:
        yield None
        return
    try:
        chip = library.iio_context_find_device(ctypes.c_void_p(context), _CHIP)
        yield Attributes(library, chip) if chip else None
    finally:
        library.iio_context_destroy(ctypes.c_void_p(context))
