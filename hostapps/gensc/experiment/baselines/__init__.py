"""Transmission as it is usual, as ours is compared with it: images as files, generated, OFDM."""
