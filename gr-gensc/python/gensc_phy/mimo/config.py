"""The numbers that define the multi-user waveform."""

from __future__ import annotations

from dataclasses import dataclass, field

from gensc_phy.waveform.config import WaveformConfig

MAX_USERS = 16


@dataclass(frozen=True)
class MimoConfig:
    """Synchronous uplink of several users with one antenna each.

    A frame is the users' bursts of `WaveformConfig`, sent at the same time, except that the
    channel-estimation symbols take turns::

        user 0  | CP | p p p p | CE CE |       |       | header … | payload … |
        user 1  | CP | p p p p |       | CE CE |       | header … | payload … |
        user 2  | CP | p p p p |       |       | CE CE | header … | payload …     |

    The preamble is common; header and payload are on the same carriers and separated by the
    receiver's antennas; each pilot belongs to one user, the others are silent there, and unlike
    those of the single-user burst the pilots stand still.

    Attributes:
        waveform: of every user; without precoding.
        users: transmitters, one antenna each.
        antennas: of the receiver, at least as many.
    """

    waveform: WaveformConfig = field(default_factory=WaveformConfig)
    users: int = 3
    antennas: int = 3

    def __post_init__(self) -> None:
        """Refuse numbers that cannot make an uplink, by name."""
        if not 1 <= self.users <= MAX_USERS:
            raise ValueError(f"users {self.users}: must be 1 … {MAX_USERS}")
        if self.antennas < self.users:
            raise ValueError(f"antennas {self.antennas}: fewer than the {self.users} users")
        if self.waveform.precode:
            raise ValueError("precode: the multi-user waveform has no precoding")

    @property
    def training_symbols(self) -> int:
        """Channel-estimation symbols of all users together."""
        return self.users * self.waveform.ce_symbols

    @property
    def overhead_symbols(self) -> int:
        """OFDM symbols of training and header in each frame."""
        return self.training_symbols + self.waveform.header_symbols

    def frame_len(self, n_symbols: int) -> int:
        """Samples of a frame whose longest payload has `n_symbols` symbols, gap left out."""
        ofdm = self.overhead_symbols + self.waveform.payload_ofdm_symbols(n_symbols)
        return self.waveform.preamble_len + ofdm * self.waveform.symbol_len

    @property
    def slot_len(self) -> int:
        """Samples of the longest frame with its gap: how far apart the frames are sent."""
        return self.frame_len(self.waveform.max_payload) + self.waveform.gap
