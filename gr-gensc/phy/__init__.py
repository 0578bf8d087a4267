"""The burst waveform of gr-gensc: NumPy and SciPy only, no GNU Radio and no torch.

One image crosses the air as up to three sections (analog symbols, coded bits, text), cut into
bursts. The way down: `split` -> `BurstModulator`; the way up: `BurstReceiver` -> `Assembler`.
Several users at once: a `UserModulator` each, one `MimoReceiver`, an `Assembler` each.
"""

from .burst import BurstModulator, papr_db
from .config import WaveformConfig
from .demodulate import Burst
from .fragment import Assembler, SectionSymbols, split
from .header import Header, HeaderError, Section
from .mcs import MCS_TABLE, Mcs, choose_mcs
from .mimo_burst import UserModulator
from .mimo_config import MimoConfig
from .mimo_frame import UserBurst
from .mimo_receiver import MimoReceiver
from .receiver import BurstReceiver, ReceiverStats

__all__ = [
    "MCS_TABLE",
    "Assembler",
    "Burst",
    "BurstModulator",
    "BurstReceiver",
    "Header",
    "HeaderError",
    "Mcs",
    "MimoConfig",
    "MimoReceiver",
    "ReceiverStats",
    "Section",
    "SectionSymbols",
    "UserBurst",
    "UserModulator",
    "WaveformConfig",
    "choose_mcs",
    "papr_db",
    "split",
]
