"""Figures of GenED-SC."""
