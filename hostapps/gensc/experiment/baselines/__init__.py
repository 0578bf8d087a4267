"""Ours compared with what is usual: images as files, generated ones, OFDM, LDPC decoders."""
