"""Channels that a waveform is sent through in simulation."""
