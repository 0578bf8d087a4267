"""The modulation and coding scheme a block is asked for by number."""

from gensc_phy.coding.mcs import MCS_TABLE, Mcs, nearest_mcs

from .errors import GenscError

DEFAULT_INDEX = nearest_mcs(4, 0.5).index
"""16-QAM 1/2: what encoders use that are asked for nothing else."""


def mcs_by_index(index: int) -> Mcs:
    """An entry of `gensc_phy.coding.mcs.MCS_TABLE`.

    Raises:
        GenscError: no such entry.
    """
    if not 0 <= index < len(MCS_TABLE):
        raise GenscError(f"MCS {index}: there are 0 … {len(MCS_TABLE) - 1}")
    return MCS_TABLE[index]
