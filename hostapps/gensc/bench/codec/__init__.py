"""Codecs beside JPEG with LDPC and QAM."""
