"""Figures of GVIF-CIE."""
