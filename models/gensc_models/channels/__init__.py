"""Channels in torch, for one user and for several."""
