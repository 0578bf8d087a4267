"""Images of several users at once over the multi-user uplink, one analog section of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gensc.experiment.scheme import Section, Sent
from gensc.experiment.ways.way import Carried, Way
from gensc.link.uplink import Conditions, Uplink, UserSection, UserStream
from gensc_phy.mimo.equalise import Separation


class UplinkWay(Way):
    """Users who share the channel, and one receiver that separates them.

    Args:
        how: of `gensc.link.uplink.WAYS`.
        separation: "zf" or "mmse".
        gains_db: power of every user; -inf is silent. Empty is 0 dB for all.
    """

    channels = ("rayleigh",)

    def __init__(self, how: str, separation: Separation, gains_db: tuple[float, ...] = ()) -> None:
        self.how, self.separation, self.gains_db = how, separation, gains_db
        self.name = "bursts" if how == "numpy" else how  # type: ignore[assignment]
        self.csi = "perfect" if how == "torch" else "estimated"
        self.parallel = how != "flowgraph"
        self.uplink = Uplink()
        self.users = self.uplink.config.users

    def carry(self, sent: Sent, channel: str, snr_db: float, seed: int, budget: int = 0) -> Carried:
        """All users send the same."""
        return self.carry_many([sent] * self.users, channel, snr_db, [seed] * self.users)[0]

    def carry_many(
        self,
        sent: Sequence[Sent],
        channel: str,
        snr_db: float,
        seeds: Sequence[int],
        budget: int = 0,
    ) -> list[Carried]:
        """Images are dealt out to the users in turn; a slot has one of each and the seed of its
        first.

        Raises:
            ValueError: images that fill no slot, or that are not one analog section.
        """
        if len(sent) % self.users or any(len(s.sections) != 1 for s in sent):
            raise ValueError(f"{len(sent)} images for slots of {self.users} users")
        heard: list[Carried] = []
        for first in range(0, len(sent), self.users):
            sections = [s.sections[0] for s in sent[first : first + self.users]]
            users = [
                UserSection(s.symbols, s.rate, s.height, s.width, s.weights, s.aux)
                for s in sections
            ]
            at = Conditions(snr_db, self.separation, seeds[first], self.gains_db)
            streams = self.uplink.send(self.how, users, at)
            heard += map(self._carried, sections, streams)
        return heard

    def _carried(self, section: Section, stream: UserStream | None) -> Carried:
        bursts = -(-len(section.symbols) // self.uplink.config.waveform.max_payload)
        if stream is None:
            return Carried((), fragments=bursts, fragments_lost=bursts)
        lost = int(np.isinf(stream.noise_var).sum())
        return Carried(
            (section.heard(stream.symbols, stream.noise_var),),
            snr_db=stream.snr_db,
            fragments=bursts,
            fragments_lost=-(-lost // self.uplink.config.waveform.max_payload),
        )
