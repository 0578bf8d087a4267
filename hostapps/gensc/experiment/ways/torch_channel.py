"""Symbols over the torch channels: no waveform, a receiver that knows its channel, fast."""

from __future__ import annotations

import numpy as np

from gensc.experiment.scheme import Section, Sent
from gensc.experiment.ways.way import Carried, Way
from gensc.link.channels import without_waveform
from gensc_models.channels.single import CHANNELS, simulate
from gensc_phy.channel.profiles import PROFILES


class TorchWay(Way):
    """All symbols of an image in one row: analog ones, header sections, bits and text.

    Header sections arrive as burst headers do, of which there are none here.
    """

    name = "torch"
    csi = "perfect"
    channels = (*CHANNELS, "fading", *PROFILES)
    parallel = True

    def carry(self, sent: Sent, channel: str, snr_db: float, seed: int, budget: int = 0) -> Carried:
        """See `Way.carry`."""
        import torch

        if not sent.sections:
            return Carried(())
        ordered = sorted(sent.sections, key=_place)
        symbols = np.concatenate([np.zeros(0, np.complex64), *(s.symbols for s in ordered)])
        # As many as the others send, so that all meet the same channel.
        row = np.pad(symbols, (0, max(0, budget - len(symbols))), constant_values=1.0)
        generator = torch.Generator().manual_seed(seed)
        out = simulate(torch.from_numpy(row), without_waveform(channel), snr_db, generator)
        received, noise_var = out.received.numpy(), out.noise_var.numpy()
        heard, first = [], 0
        for section in ordered:
            own = slice(first, first + len(section.symbols))
            first = own.stop
            heard.append(
                section.heard(section.symbols, np.zeros(len(section.symbols), np.float32))
                if section.header
                else section.heard(received[own], noise_var[own])
            )
        return Carried(tuple(heard))


def _place(section: Section) -> int:
    """Analog symbols first, then header sections, then the rest."""
    return 0 if section.kind == "analog" else 1 if section.header else 2
