"""Swin JSCC."""
