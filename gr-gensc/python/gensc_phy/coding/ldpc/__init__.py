"""Low-density parity-check codes: quasi-cyclic graphs, their decoder, and the codes in use.

Log-likelihood ratios are LLR = log p(bit = 0) / p(bit = 1): positive means 0, zero is an erasure.
"""

from gensc_phy.coding.ldpc.ieee80211n import LdpcCode, code
from gensc_phy.coding.ldpc.quasi_cyclic import MAX_LLR, DecodeResult

__all__ = ["MAX_LLR", "DecodeResult", "LdpcCode", "code"]
