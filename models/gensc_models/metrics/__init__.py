"""Fidelity, perceptual quality, distances of distributions."""
