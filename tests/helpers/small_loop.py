"""A closed loop of a small bank and a rate table that knows no budget."""

from __future__ import annotations

from pathlib import Path

from gensc.transmitter.closed_loop import LoopConfig
from gensc_phy.adaptation.rate_control import ControlConfig
from gensc_phy.adaptation.rate_table import save_tables
from gnuradio.gensc.codecs import RATE_TABLES
from rate_tables import table
from small_hyperprior import small_codec

#: For one report per image.
CONTROL = ControlConfig(margin_db=0.1, hysteresis_db=0.1, time_constant_s=1.0)


def small_loop(folder: Path) -> LoopConfig:
    """The two ends, whose weights and table are written to a folder."""
    small_codec().save_pretrained(folder / "small-bank")
    tables = folder / "small-bank" / RATE_TABLES
    save_tables([table(budget_bits=60_000.0, t_max_s=0.05)], tables)
    return LoopConfig(
        bank=str(folder / "small-bank"),
        importance="information",
        table=str(tables),
        control=CONTROL,
    )
