"""Refiners, inpainters and editors of received images."""
