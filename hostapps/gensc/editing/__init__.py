"""Editors that are servers, and the choice of an editor by name."""
