"""One image of every user over the multi-user uplink: in torch, in NumPy, and through GNU Radio.

The three ways share the channel matrix, drawn once per image slot from the seed. NumPy and GNU
Radio share the noise as well: they differ in the scheduler alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gensc_phy.channel.mimo import MimoChannel, block_matrix
from gensc_phy.mimo.burst import UserModulator
from gensc_phy.mimo.config import MimoConfig
from gensc_phy.mimo.equalise import Separation
from gensc_phy.mimo.receiver import MimoReceiver
from gensc_phy.waveform.assemble import Assembler, SectionSymbols
from gensc_phy.waveform.fragment import split
from gensc_phy.waveform.header import Header, Section

WAYS = ("torch", "numpy", "flowgraph")
#: Carrier offset common to all users, and each one's own within ± so many subcarriers of it.
CFO, CFO_SPREAD = 0.1, 0.02


@dataclass(frozen=True)
class UserSection:
    """What a user sends: the symbols of an analog section and the fields of its header."""

    symbols: NDArray[np.complex64]
    rate: int
    height: int
    width: int
    weights: int = 0
    aux: int = 0


@dataclass(frozen=True)
class UserStream:
    """What the receiver has of a user.

    Attributes:
        symbols: [N]; 0 where lost.
        noise_var: their error variance [N]; inf where lost.
        snr_db: behind the separation, as measured; in torch the true one.
    """

    symbols: NDArray[np.complex64]
    noise_var: NDArray[np.float32]
    snr_db: float


@dataclass(frozen=True)
class Conditions:
    """A slot of the uplink.

    Attributes:
        snr_db: Es/N0 in each antenna of a user of 0 dB, averaged over the fading.
        separation: "zf" or "mmse".
        seed: of matrix, carrier offsets and noise.
        gains_db: power of every user; -inf is silent. Empty is 0 dB for all.
    """

    snr_db: float
    separation: Separation
    seed: int
    gains_db: tuple[float, ...] = ()


@dataclass(frozen=True)
class Uplink:
    """The uplink, ready to carry one section of every user at a time."""

    config: MimoConfig = field(default_factory=MimoConfig)

    def matrix(self, seed: int) -> NDArray[np.complex64]:
        """The channel matrix of a seed, without the users' gains; [antennas, users]."""
        return block_matrix(seed, 0, self.config.antennas, self.config.users)

    def carrier_offsets(self, seed: int) -> list[float]:
        """Every user's carrier offset, subcarriers."""
        rng = np.random.default_rng((seed, 0xCF0))
        return (CFO + rng.uniform(-1, 1, self.config.users) * CFO_SPREAD).tolist()

    def send(
        self, way: str, sections: Sequence[UserSection], at: Conditions
    ) -> list[UserStream | None]:
        """Send one section of every user; None for users nothing was heard of.

        Args:
            way: of WAYS; in torch all sections must have the same length.

        Raises:
            ValueError: another way.
        """
        if way not in WAYS:
            raise ValueError(f"way {way!r}: must be one of {', '.join(WAYS)}")
        return getattr(self, f"_{way}")(sections, at)

    def _torch(self, sections: Sequence[UserSection], at: Conditions) -> list[UserStream | None]:
        """Perfect channel knowledge, no waveform."""
        import torch

        from gensc_models.channels.mimo import simulate_uplink

        got = simulate_uplink(
            torch.from_numpy(np.stack([s.symbols for s in sections])),
            at.snr_db,
            torch.Generator().manual_seed(at.seed),
            separation=at.separation,
            antennas=self.config.antennas,
            gains_db=at.gains_db or None,
            matrix=torch.from_numpy(self.matrix(at.seed)),
        )
        return [
            UserStream(x, v, float(-10 * np.log10(v[0]))) if np.isfinite(v[0]) else None
            for x, v in zip(got.symbols.numpy(), got.noise_var.numpy(), strict=True)
        ]

    def _fragments(
        self, sections: Sequence[UserSection]
    ) -> list[list[tuple[Header, NDArray[np.complex64]]]]:
        return [split(_header(s), s.symbols, self.config.waveform) for s in sections]

    def _numpy(self, sections: Sequence[UserSection], at: Conditions) -> list[UserStream | None]:
        """The waveform without GNU Radio."""
        cfg = self.config
        fragments = self._fragments(sections)
        slots = max(map(len, fragments))
        samples = np.zeros((cfg.users, slots, cfg.slot_len), dtype=np.complex64)
        for user, parts in enumerate(fragments):
            modulator = UserModulator(cfg, user)
            for slot, (header, symbols) in enumerate(parts):
                burst = modulator.modulate(header, symbols)
                samples[user, slot, : burst.size] = burst
        channel = MimoChannel(
            cfg.users,
            cfg.antennas,
            snr_db=at.snr_db,
            gains_db=at.gains_db or None,
            cfo=[f / cfg.waveform.fft_size for f in self.carrier_offsets(at.seed)],
            seed=at.seed,
        )
        receiver = MimoReceiver(cfg, at.separation)
        assemblers = [Assembler() for _ in range(cfg.users)]
        sections_of: list[list[SectionSymbols]] = [[] for _ in range(cfg.users)]
        heard = channel.process(samples.reshape(cfg.users, -1))
        for got in receiver.push(heard) + receiver.flush():
            sections_of[got.user] += assemblers[got.user].add(got)
        return [
            _largest([
                UserStream(s.symbols, s.noise_var, s.snr_db)
                for s in [*whole, *assembler.flush()]
            ])
            for whole, assembler in zip(sections_of, assemblers, strict=True)
        ]  # fmt: skip

    def _flowgraph(
        self, sections: Sequence[UserSection], at: Conditions
    ) -> list[UserStream | None]:
        """The blocks: mimo_tx, mimo_channel, mimo_rx, one assembler per user."""
        from gensc.link.blocks import PduCollector, PduSource
        from gensc.system.codecs import gnuradio_blocks
        from gnuradio import gr
        from gnuradio.gensc.metadata import Metadata, known, make_pdu
        from gnuradio.gensc.mimo_ports import user_ports

        gensc, cfg = gnuradio_blocks(), self.config
        top = gr.top_block("uplink", catch_exceptions=False)
        transmitter = gensc.mimo_tx(cfg)
        receiver = gensc.mimo_rx(cfg, at.separation)
        channel = gensc.mimo_channel(
            cfg.users,
            cfg.antennas,
            snr_db=at.snr_db,
            gains_db=list(at.gains_db),
            cfo_hz=[f * cfg.waveform.subcarrier_hz for f in self.carrier_offsets(at.seed)],
            seed=at.seed,
            sample_rate=cfg.waveform.sample_rate,
        )
        # GNU Radio does not keep Python blocks alive.
        keep, collectors = [], []
        ports = user_ports("fragment", cfg.users)
        for user, (parts, port) in enumerate(zip(self._fragments(sections), ports, strict=True)):
            pdus = [make_pdu(Metadata.of_header(header), part) for header, part in parts]
            source, assembler = PduSource(pdus), gensc.assembler(cfg.waveform)
            collector = PduCollector(np.complex64)
            top.msg_connect((source, "out"), (transmitter, port))
            top.connect((transmitter, user), (channel, user))
            top.msg_connect((receiver, port), (assembler, "fragment"))
            top.msg_connect((assembler, "section"), (collector, "in"))
            keep += [source, assembler]
            collectors.append(collector)
        for antenna in range(cfg.antennas):
            top.connect((channel, antenna), (receiver, antenna))
        top.run()
        return [
            _largest([
                UserStream(np.array(s.data), np.array(data.noise_var), known(data.snr_db))
                for s in collector.seen
                for data in [s.metadata]
            ])
            for collector in collectors
        ]  # fmt: skip


def _header(section: UserSection) -> Header:
    """Of a whole section; users are told apart by their training, not by a session."""
    return Header(
        session=0,
        image_id=0,
        weights=section.weights,
        section=Section.ANALOG,
        stream=0,
        fragment=0,
        fragments=1,
        rate=section.rate,
        height=section.height,
        width=section.width,
        total=len(section.symbols),
        aux=section.aux,
    )


def _largest(streams: list[UserStream]) -> UserStream | None:
    """The section most was received of: a false header could make a second one."""
    return max(streams, key=lambda s: np.isfinite(s.noise_var).sum(), default=None)
