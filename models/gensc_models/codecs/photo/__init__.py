"""Convolutional JSCC for photos, grown around the linear code."""
