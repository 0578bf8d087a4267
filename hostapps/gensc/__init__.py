"""Send images, or symbols of your own, over a real burst waveform.

>>> import gensc
>>> got = gensc.send("photo.jpg", "deepjscc-photo", channel="fading", snr_db=10)
>>> got.image, got.events, got.figures["psnr"]
>>> symbols, noise_var, snr_db = gensc.Waveform().send(x, channel="awgn", snr_db=10)

The names below are the whole of it; `docs/api.md` shows each. The command of the same name is in
`gensc.cli`. Nothing is imported before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gensc.api.images import Reception, compare, send
    from gensc.api.recordings import receive, record
    from gensc.api.waveform import Waveform
    from gensc_models.catalogue.codecs import load_codec
    from gensc_models.codecs.codec import Codec, Encoded, Received
    from gensc_phy.channel.config import ChannelConfig as Channel

#: name → where it is, and what it is called there
_HOMES = {
    "Channel": "gensc_phy.channel.config:ChannelConfig",
    "Codec": "gensc_models.codecs.codec:Codec",
    "Encoded": "gensc_models.codecs.codec:Encoded",
    "Received": "gensc_models.codecs.codec:Received",
    "Reception": "gensc.api.images:Reception",
    "Waveform": "gensc.api.waveform:Waveform",
    "compare": "gensc.api.images:compare",
    "load_codec": "gensc_models.catalogue.codecs:load_codec",
    "receive": "gensc.api.recordings:receive",
    "record": "gensc.api.recordings:record",
    "send": "gensc.api.images:send",
}

__all__ = [
    "Channel",
    "Codec",
    "Encoded",
    "Received",
    "Reception",
    "Waveform",
    "compare",
    "load_codec",
    "receive",
    "record",
    "send",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    value = globals()[name] = getattr(import_module(module), attribute)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
