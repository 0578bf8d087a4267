"""How the burst waveform itself is measured: single bursts through channels, speed."""
