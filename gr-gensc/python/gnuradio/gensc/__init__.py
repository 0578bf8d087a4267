"""GNU Radio blocks of gr-gensc.

Importing this package imports neither torch nor Qt: blocks that need them do when they are made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gensc_phy.mimo.config import MimoConfig
from gensc_phy.waveform.config import WaveformConfig

from .assembler import assembler
from .bits_decoder import bits_decoder
from .bits_encoder import bits_encoder
from .burst_rx import burst_rx
from .burst_tx import burst_tx
from .captioner import captioner
from .channel import channel
from .cie_decoder import cie_decoder
from .cie_encoder import cie_encoder
from .editor import editor
from .errors import GenscError, PduError, one_line_errors
from .fragment_to_stream import fragment_to_stream
from .fragmenter import fragmenter
from .gened_decoder import gened_decoder
from .gened_encoder import gened_encoder
from .grc_path import grc_blocks_path
from .history import history
from .hostile_channel import hostile_channel
from .idle import end_when_idle, say_waiting, wait_until_idle
from .image_sink import image_sink
from .image_source import image_source
from .inpainter import inpainter
from .jscc_decoder import jscc_decoder
from .jscc_encoder import jscc_encoder
from .metadata import Metadata, make_pdu, read_image, read_pdu
from .mimo_channel import mimo_channel
from .mimo_rx import mimo_rx
from .mimo_tx import mimo_tx
from .options import check_choice, check_range
from .radio_sink import radio_sink
from .radio_source import radio_source
from .rate_controller import rate_controller
from .refiner import refiner
from .semantic_router import semantic_router
from .sigmf_sink import sigmf_sink
from .sigmf_source import sigmf_source
from .snr_feedback import snr_feedback
from .snr_probe import snr_probe
from .text_decoder import text_decoder
from .text_encoder import text_encoder
from .zmq_pdu_sink import zmq_pdu_sink
from .zmq_pdu_source import zmq_pdu_source

if TYPE_CHECKING:
    from .image_display import image_display

__all__ = [
    "GenscError",
    "Metadata",
    "MimoConfig",
    "PduError",
    "WaveformConfig",
    "assembler",
    "bits_decoder",
    "bits_encoder",
    "burst_rx",
    "burst_tx",
    "captioner",
    "channel",
    "check_choice",
    "check_range",
    "cie_decoder",
    "cie_encoder",
    "editor",
    "end_when_idle",
    "fragment_to_stream",
    "fragmenter",
    "gened_decoder",
    "gened_encoder",
    "grc_blocks_path",
    "history",
    "hostile_channel",
    "image_display",
    "image_sink",
    "image_source",
    "inpainter",
    "jscc_decoder",
    "jscc_encoder",
    "make_pdu",
    "mimo_channel",
    "mimo_rx",
    "mimo_tx",
    "one_line_errors",
    "radio_sink",
    "radio_source",
    "rate_controller",
    "read_image",
    "read_pdu",
    "refiner",
    "say_waiting",
    "semantic_router",
    "sigmf_sink",
    "sigmf_source",
    "snr_feedback",
    "snr_probe",
    "text_decoder",
    "text_encoder",
    "wait_until_idle",
    "zmq_pdu_sink",
    "zmq_pdu_source",
]


def __getattr__(name: str) -> Any:
    """Import what needs Qt when it is asked for."""
    if name == "image_display":
        from .image_display import image_display

        # The import has put the module of that name here; later look-ups must find the block.
        globals()[name] = image_display
        return image_display
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
