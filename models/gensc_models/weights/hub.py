"""Models made elsewhere: fetched from a hub, found in its cache, or not to be had.

What needs a file that is neither here nor to be fetched raises :class:`UnavailableError`; its
message is one line that says what is missing, and what does not need the file goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from urllib.error import HTTPError
from urllib.request import Request, urlopen

PROBE_SECONDS = 5.0
# Error messages of hubs run to paragraphs.
LONGEST_REASON = 240


class UnavailableError(RuntimeError):
    """A model made elsewhere, or its library, cannot be had; one line says which and why."""

    def __init__(self, what: str, cause: BaseException | str) -> None:
        reason = " ".join(str(cause).split()) or type(cause).__name__
        if len(reason) > LONGEST_REASON:
            reason = reason[: LONGEST_REASON - 2] + " …"
        super().__init__(f"{what} ({reason})")


@lru_cache(maxsize=1)
def hub_answers() -> bool:
    """Whether the hub of huggingface_hub can be reached; asked once per process."""
    from huggingface_hub import constants

    try:
        urlopen(Request(constants.ENDPOINT, method="HEAD"), timeout=PROBE_SECONDS).close()
    except HTTPError:
        return True
    except OSError:
        return False
    return True


@contextmanager
def impatient_hub() -> Iterator[None]:
    """Where the hub does not answer, only its cache is looked at while this is open.

    Without it huggingface_hub asks six times for every file before it says so: half a minute. What
    it would log is in the exception as well.
    """
    from huggingface_hub import constants

    offline, silenced = constants.HF_HUB_OFFLINE, logging.root.manager.disable
    constants.HF_HUB_OFFLINE = offline or not hub_answers()
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = offline
        logging.disable(silenced)
