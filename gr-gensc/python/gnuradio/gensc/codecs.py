"""Neural codecs and refiners for the blocks; torch is imported when the first one is asked for.

GNU Radio Companion imports this package for every block it shows and must not wait for torch.
All blocks of a process that name the same weights share one copy of the network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import GenscError

if TYPE_CHECKING:
    from gensc_models import JsccCodec
    from gensc_models.refiner import Refiner


def load_codec(model: str) -> JsccCodec:
    """A codec by the name of its weights, or a path.

    Raises:
        GenscError: no such weights, or damaged ones.
    """
    from gensc_models.shared import shared_codec

    try:
        return shared_codec(model)
    except (ValueError, OSError) as error:
        raise GenscError(f"model {model!r}: {error}") from error


def codec_of_wire_id(wire_id: int) -> JsccCodec:
    """The codec a burst header names.

    Raises:
        GenscError: none of the installed ones has this id.
    """
    from gensc_models.shared import shared_codec_by_wire_id

    try:
        return shared_codec_by_wire_id(wire_id)
    except (ValueError, LookupError, OSError) as error:
        raise GenscError(f"unknown model id {wire_id}: {error}") from error


def load_refiner(model: str) -> Refiner:
    """A refiner by the name of its weights, or a path.

    Raises:
        GenscError: no such weights, or damaged ones.
    """
    from gensc_models.shared import shared_refiner

    try:
        return shared_refiner(model)
    except (ValueError, OSError) as error:
        raise GenscError(f"refiner {model!r}: {error}") from error
