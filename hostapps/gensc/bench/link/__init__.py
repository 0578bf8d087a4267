"""The burst waveform beside the stock OFDM of GNU Radio."""
