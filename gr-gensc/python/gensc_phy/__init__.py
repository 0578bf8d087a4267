"""The burst waveform of gr-gensc: NumPy and SciPy only, no GNU Radio and no torch.

One image crosses the air as up to three sections (analog symbols, coded bits, text), cut into
bursts. The way down: `split` -> `BurstModulator`; the way up: `BurstReceiver` -> `Assembler`.
Several users at once: a `UserModulator` each, one `MimoReceiver`, an `Assembler` each.
"""

from gensc_phy.coding.mcs import MCS_TABLE, Mcs, choose_mcs
from gensc_phy.mimo.burst import UserModulator
from gensc_phy.mimo.config import MimoConfig
from gensc_phy.mimo.frame import UserBurst
from gensc_phy.mimo.receiver import MimoReceiver
from gensc_phy.waveform.assemble import Assembler, SectionSymbols
from gensc_phy.waveform.burst import BurstModulator, papr_db
from gensc_phy.waveform.config import WaveformConfig
from gensc_phy.waveform.demodulate import Burst
from gensc_phy.waveform.fragment import split
from gensc_phy.waveform.header import Header, HeaderError, Section, VersionError
from gensc_phy.waveform.receiver import BurstReceiver, ReceiverStats
from gensc_phy.waveform.session import draw_session

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
    "VersionError",
    "WaveformConfig",
    "choose_mcs",
    "draw_session",
    "papr_db",
    "split",
]
