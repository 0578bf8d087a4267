"""Sections through a GNU Radio flowgraph of their own: fragmenter to assembler."""

from __future__ import annotations

import threading

import numpy as np

from gensc.experiment.scheme import Section, Sent
from gensc.experiment.ways.way import Carried, Way
from gensc.link import channels
from gensc.system import codecs


class FlowgraphWay(Way):
    """Every image is a run of the flowgraph that ends by itself, so that its samples depend on
    the seed alone.

    Args:
        dropped: share of the analog bursts that are lost behind the receiver; the seed says which.

    Raises:
        UserError: GNU Radio is not there.
    """

    name = "flowgraph"
    csi = "estimated"
    channels = channels.CHANNELS
    # A flowgraph has a thread per block already.
    parallel = False

    def __init__(self, dropped: float = 0.0) -> None:
        from gensc.link.run import leave_cores_to_gnuradio
        from gensc_phy.waveform.config import WaveformConfig

        self._gensc = codecs.gnuradio_blocks()
        self.config = WaveformConfig()
        self.dropped = dropped
        self._running = threading.Lock()
        leave_cores_to_gnuradio()

    def carry(self, sent: Sent, channel: str, snr_db: float, seed: int, budget: int = 0) -> Carried:
        """See `Way.carry`; `budget` changes nothing."""
        from gensc.link.air import Air, Conditions
        from gensc.link.blocks import PduSource
        from gensc.link.observed import mean_snr_db
        from gnuradio.gensc.metadata import Metadata, make_pdu

        if not sent.sections:
            return Carried(())
        analog = sum(s.kind == "analog" for s in sent.sections)
        pdus = [
            make_pdu(
                Metadata(
                    session=0,
                    image_id=0,
                    section=s.kind,
                    stream=s.stream,
                    weights=s.weights,
                    rate=s.rate,
                    shape=(s.height, s.width, 3),
                    total=s.total,
                    aux=s.aux,
                    streams=analog if s.kind == "analog" else None,
                ),
                s.symbols,
            )
            for s in sent.sections
        ]
        with self._running:
            at = Conditions(channel, snr_db, seed, self._lost(sent, seed))
            air = Air(self._gensc, self.config, at)
            source = PduSource(pdus)
            air.connect(source, "out", air.fragmenter, "section")
            air.run()
        heard = air.sections.seen
        about = [s for s in heard if s.metadata.section == "analog"] or heard
        received = sum(s.metadata.fragments_received or 0 for s in heard)
        bursts = len(air.fragments.seen)
        return Carried(
            tuple(_section(s.metadata, s.data) for s in heard),
            air.symbols().overhead,
            mean_snr_db([s.metadata for s in about]) if about else None,
            bursts,
            max(0, bursts - received),
        )

    def _lost(self, sent: Sent, seed: int) -> frozenset[int]:
        """Numbers of the bursts of analog sections that are dropped."""
        longest = max((len(s.symbols) for s in sent.sections if s.kind == "analog"), default=0)
        bursts = -(-longest // self.config.max_payload)
        order = np.random.default_rng((seed, 0x105)).permutation(bursts)
        return frozenset(order[: round(self.dropped * bursts)].tolist())


def _section(metadata: object, symbols: np.ndarray) -> Section:
    """A section as the assembler gives it."""
    from gnuradio.gensc.metadata import Metadata

    assert isinstance(metadata, Metadata)
    height, width, _ = metadata.shape or (0, 0, 3)
    return Section(
        metadata.section,  # type: ignore[arg-type]
        np.array(symbols),
        height,
        width,
        metadata.rate or 0,
        metadata.total or 0,
        metadata.aux or 0,
        metadata.weights or 0,
        metadata.stream or 0,
        noise_var=np.array(metadata.noise_var, np.float32),
    )
