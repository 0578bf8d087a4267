"""Images of several users at once over the multi-user uplink, one analog section of each."""

from __future__ import annotations

from collections.abc import Sequence

from gensc.experiment.scheme import Sent
from gensc.experiment.ways.way import Carried, Way
from gensc.link.uplink import Conditions, Uplink, UserSection
from gensc_phy.mimo.equalise import Separation


class UplinkWay(Way):
    """Users who share the channel, and one receiver that separates them.

    Args:
        how: of `gensc.link.uplink.WAYS`.
        separation: "zf" or "mmse".
    """

    channels = ("rayleigh",)

    def __init__(self, how: str, separation: Separation) -> None:
        self.how, self.separation = how, separation
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
            at = Conditions(snr_db, self.separation, seeds[first])
            heard += [
                Carried(())
                if stream is None
                else Carried((s.heard(stream.symbols, stream.noise_var),), snr_db=stream.snr_db)
                for s, stream in zip(sections, self.uplink.send(self.how, users, at), strict=True)
            ]
        return heard
