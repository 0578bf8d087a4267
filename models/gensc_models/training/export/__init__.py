"""Checkpoints to weights folders."""
