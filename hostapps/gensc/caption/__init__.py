"""Captions for what is sent: given, beside the picture, or made by one of several captioners."""
