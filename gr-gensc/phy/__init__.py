"""The burst waveform of gr-gensc: NumPy only, no GNU Radio and no torch."""
