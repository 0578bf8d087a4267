"""GVIF-CIE from end to end: what matters of an image is sent, the rest is made up."""
