"""What matters of an image in a container behind LDPC and QAM: GVIF-CIE over the waveform.

The row of a rate table says what is sent at an SNR; a container that is longer than what the link
then carries is shortened until it fits.
"""

from __future__ import annotations

import math
from dataclasses import replace

from gensc.adapt.system import CieSystem, pixels_of
from gensc.experiment.scheme import Picture, Sent
from gensc.experiment.schemes.files import BankFile, FileScheme, sent_as_bits
from gensc_phy.adaptation.rate_table import RateTable
from gensc_phy.coding.bits import capacity_bytes


class Critical(FileScheme):
    """Containers by the rows of a table; what was left out stays as the codec predicts it.

    Args:
        name: for rows.
        system: codec bank and importance.
        table: operating point and threshold of every SNR.
        margin_db: kept from a modulation and coding scheme's threshold.
        shortens: where a container does not fit; else nothing of it is sent.
    """

    def __init__(
        self,
        name: str,
        system: CieSystem,
        table: RateTable,
        margin_db: float,
        shortens: bool = True,
    ) -> None:
        super().__init__(name, BankFile(system.bank), margin_db)
        self.system, self.table, self.shortens = system, table, shortens

    def send(self, picture: Picture, budget: int, snr_db: float) -> Sent:
        """See `Scheme.send`; `Sent.mask` are the pixels in the container, also of a late one."""
        mcs, row = self.mcs(snr_db), self.table.at(snr_db)
        room = 8 * capacity_bytes(budget, mcs)
        got = self.system.extract(
            picture.pixels, picture.name, row.point, row.alpha, room if self.shortens else math.inf
        )
        facts = {"point": got.point, "alpha": got.alpha, "gvif_sent": got.gvif, "mcs": mcs.name,
                 "bytes": len(got.data)}  # fmt: skip
        sent = sent_as_bits(got.data, mcs, picture) if got.bits <= room else Sent(())
        return replace(sent, mask=pixels_of(got.keep, picture.pixels), facts=facts)
