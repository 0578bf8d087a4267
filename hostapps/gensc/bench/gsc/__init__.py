"""Figures of GSC and MU-GSC."""
