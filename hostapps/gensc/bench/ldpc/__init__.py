"""The digital chain: efficiency against capacity, and the LDPC decoder beside other people's."""
