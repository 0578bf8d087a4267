"""Bits and text: CRC, QAM, LDPC, the table of modulation and coding schemes."""
