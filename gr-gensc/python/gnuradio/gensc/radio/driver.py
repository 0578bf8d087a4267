"""Drivers that may not be there, and devices that may not answer."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from ..errors import GenscError


def module(name: str, advice: str) -> Any:
    """GNU Radio's module of a driver.

    Raises:
        GenscError: it is not installed; `advice` says what to do.
    """
    try:
        return importlib.import_module(f"gnuradio.{name}")
    except ImportError as error:
        raise GenscError(advice) from error


def device(name: str, make: Callable[[], Any]) -> Any:
    """A device's block.

    Raises:
        GenscError: no such device, in one line.
    """
    try:
        return make()
    except (RuntimeError, ValueError) as error:
        lines = str(error).splitlines()
        reason = lines[0].strip() if lines and lines[0].strip() else "no answer"
        raise GenscError(
            f"{name}: device not found ({reason}); see uhd_find_devices, iio_info -s or "
            "SoapySDRUtil --find"
        ) from error
